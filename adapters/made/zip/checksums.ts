import { expectWholeNumber } from '../../../src/errors.ts'
import { BodyReader } from '../../../src/reader.ts'
import { isWorkerd, onAbort } from '../../../src/runtime.ts'
import { isStrong } from '../../../src/validators.ts'
import { BoundedMap } from '../../store/bounded-map.ts'
import { unlessAborted } from '../flights.ts'
import { openPart, type Part } from '../part.ts'
import { crc32 } from './crc32.ts'

/** A file whose checksum is needed. */
export interface Checked extends Part {
  /** In the archive. */
  readonly name: string
  /** Names the file among all that are remembered. */
  readonly id: string
}

/** How far a checksum has come. */
export interface ChecksumProgress {
  /** Of the file. */
  readonly name: string
  /** How many of its bytes have been read. */
  readonly checked: number
  /** How many it has. */
  readonly size: number
}

/** A checksum under way, or done: what was read once is not read again. */
interface Checksum {
  crc: number
  checked: number
  /** Who reads on right now; it never rejects. */
  reading: Promise<void> | null
}

/** How many checksums are remembered, by default. */
const MAX_CHECKSUMS = 100_000

/** How much is read at once, in bytes. */
const CHUNK = 1024 * 1024

/**
 * The CRC-32s of files, remembered by id, size and strong entity tag, so that each version is read
 * once. So an id must always be of the same file: use one of these for each store of files. What
 * has a weak tag, or none, is read for each archive.
 *
 * Those who need the same checksum at the same time share the work. When whoever reads hangs up,
 * another one reads on from there, now or later.
 *
 * @example
 * ```ts
 * const checksums = new Checksums() // one for all requests
 * await zip([{ name: 'film.mp4', open: () => nodeFile('film.mp4') }], { checksums })
 * ```
 */
export class Checksums {
  /** The one least recently used is first. */
  readonly #known: BoundedMap<string, Checksum>
  /** What has no strong tag is remembered for as long as it is the same object. */
  readonly #unversioned = new WeakMap<Checked, Checksum>()

  /**
   * Makes room for checksums, of which there are none yet.
   *
   * @param max how many are remembered, 100 000 by default: some 15 MB
   * @throws RangeError unless `max` is a whole number
   */
  constructor(max: number = MAX_CHECKSUMS) {
    expectWholeNumber('max', max, 1)
    this.#known = new BoundedMap(max)
  }

  /**
   * The checksum of a file, which is read unless that is known.
   *
   * @param signal aborted once nobody waits for it
   * @throws as a rejection, what reading throws; SourceChangedError if the file is another version
   * by now; the signal's reason
   */
  async of(
    file: Checked,
    signal: AbortSignal,
    onProgress?: (progress: ChecksumProgress) => void,
  ): Promise<number> {
    const checksum = this.#find(file)
    while (checksum.checked < file.size) {
      signal.throwIfAborted()
      // In workerd, a request may not wait for another one's.
      if (checksum.reading !== null && !isWorkerd) {
        await checksum.reading
        continue
      }
      // A read may hang for ever.
      const reading = unlessAborted(readOn(checksum, file, signal, onProgress), signal)
      const done = reading
        .catch(() => {})
        .finally(() => {
          if (checksum.reading === done) checksum.reading = null
        })
      checksum.reading = done
      await reading
      await done
    }
    return checksum.crc
  }

  #find(file: Checked): Checksum {
    const { id, size, etag } = file
    if (!isStrong(etag)) {
      const checksum = this.#unversioned.get(file) ?? begin()
      this.#unversioned.set(file, checksum)
      return checksum
    }
    const key = JSON.stringify([id, size, etag])
    const checksum = this.#known.get(key) ?? begin()
    this.#known.set(key, checksum)
    return checksum
  }
}

function begin(): Checksum {
  return { crc: 0, checked: 0, reading: null }
}

async function readOn(
  checksum: Checksum,
  file: Checked,
  signal: AbortSignal,
  onProgress: ((progress: ChecksumProgress) => void) | undefined,
): Promise<void> {
  const { name, size } = file
  const source = await openPart(name, file)
  let { crc, checked } = checksum
  const reader = new BodyReader(source, checked, size)
  // It may have been aborted while the file was being opened.
  const forget = onAbort(signal, () => reader.close())
  const into = new Uint8Array(Math.min(CHUNK, size - checked))
  try {
    while (checked < size) {
      const bytes = await reader.next(into)
      if (bytes === null) throw signal.reason
      crc = crc32(bytes, crc)
      checked += bytes.length
      // Another one may have come further.
      if (checked > checksum.checked) Object.assign(checksum, { crc, checked })
      onProgress?.({ name, checked, size })
    }
  } finally {
    forget()
    reader.close()
  }
}
