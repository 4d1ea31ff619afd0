import { Buffer } from 'node:buffer'

const KIB = 1024
const SMALLEST_BUFFER = 64 * KIB
const SMALLEST_CHUNK = 32 * KIB
const LARGEST = 512 * KIB
/** How many bytes of small files are kept while these are open, in all and of one. */
const KEPT_BUDGET = 16 * KIB * KIB
export const LARGEST_KEPT: number = 64 * KIB

/**
 * The memory that bodies under way share: buffers, which come back once their bytes have left, and
 * chunks, which are left to the garbage collector. Many slow clients get small ones.
 */
export class Memory {
  /** How many bytes bodies may hold together before each gets only the smallest. */
  readonly #budget: number
  /** Of those, how many may be buffers; as many are kept for later. */
  readonly #forBuffers: number
  readonly #free = new Map<number, Uint8Array[]>()
  #scratch = new Uint8Array(0)
  #taken = 0
  /** How many bytes `#free` holds. */
  #freeBytes = 0
  #readers = 0
  #reserved = 0

  constructor(budget: number = 16 * KIB * KIB) {
    this.#budget = budget
    this.#forBuffers = budget / 2
  }

  /** Counts a response that reads a file, until `removeReader`. */
  addReader(): void {
    this.#readers++
  }

  removeReader(): void {
    this.#readers--
  }

  /** How many bytes the next chunk of a response may hold: 512 KiB, or less when many read. */
  chunkSize(): number {
    const share = Math.floor((this.#budget - this.#taken) / this.#readers / KIB) * KIB
    return Math.max(SMALLEST_CHUNK, Math.min(LARGEST, share))
  }

  /** Memory that the next call gives again: to allocate it would cost more than a read into it. */
  scratch(length: number): Uint8Array {
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length)
    return this.#scratch
  }

  /**
   * A buffer to read into: 512 KiB while few are taken, 64 KiB when many are, and no larger than
   * `length` bytes need. Reading into used memory costs a third of reading into fresh memory
   * (bench/README.md).
   */
  takeBuffer(length: number): Uint8Array {
    const most = Math.min(LARGEST, (this.#forBuffers - this.#taken) / 4)
    let size = SMALLEST_BUFFER
    while (size < length && size * 2 <= most) size *= 2
    this.#taken += size
    const buffer = this.#free.get(size)?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(size)
    this.#freeBytes -= size
    return buffer
  }

  /**
   * Gives back a buffer that nothing reads any more.
   *
   * Stalled readers hold hundreds of the smallest, and what one gives back, another takes: so as
   * many bytes are kept as are taken. Larger ones are not taken then.
   */
  releaseBuffer(buffer: Uint8Array): void {
    this.forgetBuffer(buffer)
    const size = buffer.length
    if (size > SMALLEST_BUFFER && this.#taken > this.#forBuffers) return
    const alike = this.#free.get(size) ?? []
    this.#free.set(size, alike)
    alike.push(buffer)
    this.#freeBytes += size
    while (this.#freeBytes > Math.max(this.#forBuffers, this.#taken)) this.#dropOne()
  }

  /** Reserves room to keep all bytes of a small file, until `unreserve`; false if there is none. */
  reserve(length: number): boolean {
    if (length > LARGEST_KEPT || this.#reserved + length > KEPT_BUDGET) return false
    this.#reserved += length
    return true
  }

  /** Gives back the room for the bytes of a file. */
  unreserve(length: number): void {
    this.#reserved -= length
  }

  /** Leaves a buffer that something may still read to the garbage collector. */
  forgetBuffer(buffer: Uint8Array): void {
    this.#taken -= buffer.length
  }

  /** Drops a buffer of the size that holds the most memory, so that no size crowds out another. */
  #dropOne(): void {
    let most: Uint8Array[] = []
    for (const alike of this.#free.values()) if (bytesIn(alike) > bytesIn(most)) most = alike
    this.#freeBytes -= most.pop()?.length ?? 0
  }
}

function bytesIn(alike: readonly Uint8Array[]): number {
  return alike.length * (alike[0]?.length ?? 0)
}
