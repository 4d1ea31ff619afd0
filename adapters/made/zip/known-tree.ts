import type { FileSource } from '../../../src/source.ts'
import { isStrong } from '../../../src/validators.ts'
import { plain } from '../../site/overlay.ts'
import type { Entry, TreeFile } from '../../site/tree.ts'
import { BoundedMap } from '../../store/bounded-map.ts'
import { Flights } from '../flights.ts'
import type { Plan, Planned } from './zip.ts'

/** What tells one state of an entry of a listing from another. */
type Listed = Pick<Entry, 'size' | 'lastModified' | 'version'>

/** What an archive has to know of a file. */
type MemberVersion = Pick<FileSource, 'size' | 'etag' | 'lastModified'>

/** A version, and how it was listed. */
interface Remembered extends MemberVersion {
  readonly listed: string
}

/** The plan of an archive of a folder. */
interface FolderPlan extends Plan {
  /** What may not be read, and why; null where nothing may be left out. */
  readonly leftOut: ReadonlyMap<string, unknown> | null
}

/** How many files' versions are remembered. */
const MAX_FILES = 100_000

/**
 * What was learned of a tree's files, by their paths: so that those that are listed as they were
 * need not be opened for each request. A file may change all the same; then it is another version
 * once it is opened for its bytes, the body breaks off, and the next one knows better.
 */
export class KnownTree {
  /** The archives that are being prepared. */
  readonly plans: Flights<FolderPlan> = new Flights()
  /** Null for a file that has to be opened, whatever is listed of it. */
  readonly #versions = new BoundedMap<string, Remembered | null>(MAX_FILES)

  /** A version that needs no look: one that was remembered, or is listed. */
  find(path: string, entry: Entry): MemberVersion | null {
    const known = this.#versions.get(path)
    if (known === null) return null
    if (known !== undefined && known.listed === stateOf(entry)) return known
    const { size, version, lastModified } = entry
    return size === undefined || !isStrong(version) ? null : { size, etag: version, lastModified }
  }

  /**
   * Remembers what is listed with its size and date: only that could be seen to change. Of what is
   * listed as it was opened, the listing is believed again.
   */
  remember(path: string, entry: Listed, file: TreeFile): MemberVersion {
    const { size, etag, lastModified } = file
    const version = { size, etag, lastModified }
    if (entry.size !== size) return version
    if (entry.lastModified !== undefined && isStrong(etag)) {
      this.#versions.set(path, { ...version, listed: stateOf(entry) })
    } else if (entry.version === (file.version ?? etag)) {
      this.#versions.delete(path)
    }
    return version
  }

  /** It can't be opened as it is listed: the next archive looks whether it can at all. */
  forget(path: string): void {
    this.#versions.set(path, null)
  }

  /**
   * A file that was opened for an entry of an archive, under the tag that it has there if it is
   * that version. If it is not, the listing may be wrong about it: that is opened the next time.
   */
  recognise(entry: Planned, file: TreeFile | null): FileSource | null {
    const { id, etag } = entry
    if (file?.version !== undefined && file.version === etag) return { ...plain(file), etag }
    if (file?.etag === etag) return file
    this.forget(id)
    if (file !== null) this.remember(id, { ...entry, version: etag }, file)
    return file
  }
}

function stateOf({ size, lastModified, version }: Listed): string {
  return `${size} ${lastModified?.getTime()} ${version}`
}
