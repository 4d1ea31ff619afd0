import type { FileSource } from '../../../src/source.ts'
import { isStrong } from '../../../src/validators.ts'
import type { Entry } from '../../site/tree.ts'
import { Checksums } from './checksums.ts'

/** A version of a file, and how it was listed. */
interface Known extends Pick<FileSource, 'size' | 'etag' | 'lastModified'> {
  readonly listed: string
}

/** How many files' versions are remembered. */
const MAX_FILES = 100_000

/**
 * What was learned of a tree's files, by their paths: so that those that are listed as they were need
 * not be opened for each request. A file may change all the same; then it is another version once it
 * is opened for its bytes, the body breaks off, and it is forgotten.
 */
export class KnownFiles {
  readonly checksums: Checksums = new Checksums()
  /** The one that was learned first is first. */
  readonly #versions = new Map<string, Known>()

  find(path: string, entry: Entry): Known | null {
    const known = this.#versions.get(path)
    return known !== undefined && known.listed === listed(entry) ? known : null
  }

  /** Only what is listed with its size and date could be seen to change. */
  remember(path: string, entry: Entry, { size, etag, lastModified }: FileSource): void {
    const isTold = entry.size === size && entry.lastModified !== undefined
    if (!isTold || etag === undefined || !isStrong(etag)) return
    const [oldest] = this.#versions.keys()
    if (this.#versions.size >= MAX_FILES && oldest !== undefined) this.forget(oldest)
    this.#versions.set(path, { size, etag, lastModified, listed: listed(entry) })
  }

  forget(path: string): void {
    this.#versions.delete(path)
  }
}

function listed({ size, lastModified }: Entry): string {
  return `${size} ${lastModified?.getTime()}`
}
