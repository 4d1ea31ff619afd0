import { Buffer } from 'node:buffer'

const SMALLEST = 64 * 1024
const LARGEST = 512 * 1024
/** How many bytes may be taken before only the smallest buffers are; as many are kept for later. */
const BUDGET = 8 * 1024 * 1024

const free = new Map<number, Uint8Array[]>()
let taken = 0
let kept = 0

/**
 * A buffer to read into: 512 KiB while few are taken, 64 KiB when many are, and no larger than
 * `length` bytes need. Reading into used memory costs a third of reading into fresh memory
 * (bench/README.md).
 */
export function takeBuffer(length: number): Uint8Array {
  const most = Math.min(LARGEST, (BUDGET - taken) / 4)
  let size = SMALLEST
  while (size < length && size * 2 <= most) size *= 2
  taken += size
  const buffer = free.get(size)?.pop()
  if (buffer === undefined) return Buffer.allocUnsafeSlow(size)
  kept -= size
  return buffer
}

/**
 * Gives back a buffer that nothing reads any more.
 *
 * Stalled readers hold hundreds of the smallest, and what one gives back, another takes: so as many
 * bytes are kept as are taken. Nobody takes larger ones then.
 */
export function releaseBuffer(buffer: Uint8Array): void {
  forgetBuffer(buffer)
  const size = buffer.length
  if (size > SMALLEST && taken > BUDGET) return
  const alike = free.get(size) ?? []
  free.set(size, alike)
  alike.push(buffer)
  kept += size
  while (kept > Math.max(BUDGET, taken)) dropOne()
}

/** Drops a buffer of the size that holds the most memory, so that no size crowds out another. */
function dropOne(): void {
  let most: Uint8Array[] = []
  for (const alike of free.values()) if (bytesIn(alike) > bytesIn(most)) most = alike
  kept -= most.pop()?.length ?? 0
}

function bytesIn(alike: readonly Uint8Array[]): number {
  return alike.length * (alike[0]?.length ?? 0)
}

/** Gives up a buffer that something may still read. */
export function forgetBuffer(buffer: Uint8Array): void {
  taken -= buffer.length
}
