import { expectOptions, expectWholeNumber } from '../../../src/errors.ts'
import { expectHeaders } from '../../../src/headers.ts'
import { closeSource } from '../../../src/reader.ts'
import type { FileSource, HeadersLike } from '../../../src/source.ts'
import { atOnce } from '../../store/at-once.ts'
import { openPart, type Part } from '../part.ts'
import { sourceOf } from '../row.ts'
import { joinedTag } from '../tag.ts'
import { type Checked, type ChecksumProgress, Checksums } from './checksums.ts'
import { type Content, type Layout, layOut, rowOf } from './layout.ts'
import type { ZipRecord } from './records.ts'

/** A file or folder to put into an archive. */
export interface ZipMember extends Partial<Pick<Part, 'size' | 'etag' | 'lastModified'>> {
  /**
   * Its path in the archive, with slashes between, such as `films/a.mp4`; a folder's ends in one.
   */
  readonly name: string
  /** Names the file for `checksums`, such as its path in the store; by default `name`. */
  readonly id?: string | undefined
  /** The CRC-32 of its bytes, where that is known: it is believed. */
  readonly crc32?: number | undefined
  /**
   * Opens the file, as often as it is asked; a folder has none. Without a `size`, it is opened once
   * more, to learn its size, its tag and, if it has one, its date.
   */
  readonly open?: Part['open'] | undefined
}

/** What is said about an archive, besides its members. */
export interface ZipOptions {
  /** Entity tag, quoted; by default a strong one, made of the members' names, dates and tags. */
  readonly etag?: string | undefined
  /** Further header fields, such as Content-Disposition. */
  readonly headers?: HeadersLike | undefined
  /**
   * Remembers checksums from one archive to the next, by the members' ids. By default those of this
   * source only: then each request for a part of a download reads its members anew.
   */
  readonly checksums?: Checksums | undefined
  /** Told of each MiB that is read for a checksum, before anything of that member is sent. */
  readonly onChecksum?: ((progress: ChecksumProgress) => void) | undefined
}

/** A member of which all is known. */
export interface KnownMember extends Checked, ZipRecord {
  readonly crc32: number | undefined
}

/** A member as it stands in an archive: nothing says how it is opened. */
export type Planned = Omit<KnownMember, 'open'>

/**
 * A ZIP archive of files that are stored as they are: its size is known at once, and every byte is
 * a function of its offset. So it is served by ranges, resumes, is downloaded by several
 * connections at once, and takes no memory or disk, whatever it holds. Entries and archives over
 * 4 GiB are ZIP64, and only those.
 *
 * A file's checksum comes before its bytes: so each file is read twice, the first time when a range
 * is asked for that has its header, or the directory at the end. `checksums` remembers them.
 *
 * The body breaks off with a SourceChangedError if a member is gone or another version once it is
 * needed.
 *
 * @throws as a rejection, TypeError if a name is none, or there twice, or a field of `headers`
 * can't be sent; RangeError if a size is not a whole number; Error if a member without a size is
 * not there
 *
 * @example
 * ```ts
 * const archive = await zip([{ name: 'film.mp4', open: () => nodeFile('videos/film.mp4') }])
 * serveFile(request, archive)
 * ```
 */
export async function zip(
  members: Iterable<ZipMember> | AsyncIterable<ZipMember>,
  options: ZipOptions = {},
): Promise<FileSource> {
  expectOptions(options)
  expectHeaders(options.headers)
  return archiveOf(await planOf(members, learn), options)
}

/** What an archive is to hold, and where: all that is known before a byte of it is read. */
export interface Plan<Member extends Planned = Planned> {
  readonly entries: readonly Member[]
  readonly layout: Layout
  readonly etag: string | undefined
}

/**
 * @param learn what is known of a member
 * @throws as a rejection, as `zip` does
 */
export async function planOf<Named extends { readonly name: string }, Member extends Planned>(
  members: Iterable<Named> | AsyncIterable<Named>,
  learn: (member: Named) => Member | Promise<Member>,
): Promise<Plan<Member>> {
  const names = new Set<string>()
  const learnOnce = (member: Named) => {
    if (names.has(member.name)) throw new TypeError(`Expected one ${member.name}, got two`)
    names.add(member.name)
    return learn(member)
  }
  const entries: Member[] = []
  for await (const entry of atOnce(members, learnOnce)) entries.push(entry)
  return { entries, layout: layOut(entries), etag: await tagOf(entries) }
}

/**
 * What is planned of a member whose version is given; a folder has none.
 *
 * @throws TypeError or RangeError if its name or its size is none
 */
export function toPlanned({
  name,
  id = name,
  size = 0,
  etag,
  lastModified,
  crc32,
}: Omit<ZipMember, 'open'>): Planned {
  const member = { name, id, path: expectPath(name), lastModified, crc32 }
  if (name.endsWith('/')) return { ...member, size: 0, etag: '""' }
  expectWholeNumber(`the size of ${name}`, size, 0)
  return { ...member, size, etag }
}

/** @param options whose `headers` were checked */
export function archiveOf(
  { entries, layout, etag }: Plan<KnownMember>,
  options: ZipOptions,
): FileSource {
  const { checksums = new Checksums(), onChecksum } = options
  const content: Content<KnownMember> = {
    entries,
    open: (entry) => openPart(entry.name, entry),
    crc(entry, signal) {
      if (entry.size === 0) return 0
      return entry.crc32 ?? checksums.of(entry, signal, onChecksum)
    },
  }
  const { size, read, close } = sourceOf(rowOf(content, layout))
  return {
    size,
    type: 'application/zip',
    etag: options.etag ?? etag,
    headers: options.headers,
    read,
    close,
  }
}

function learn(member: ZipMember): KnownMember | Promise<KnownMember> {
  const { name, size, open } = member
  const planned = toPlanned(member)
  if (name.endsWith('/')) return { ...planned, open: () => null }
  if (typeof open !== 'function') throw new TypeError(`Expected ${name} to have open()`)
  const known = { ...planned, open }
  return size === undefined ? learnVersion(known) : known
}

async function learnVersion(file: KnownMember): Promise<KnownMember> {
  const source = await file.open()
  if (source === null) throw new Error(`Expected a file for ${file.name}, found none`)
  void closeSource(source)
  const { size, etag, lastModified } = source
  return { ...file, size, etag, lastModified: lastModified ?? file.lastModified }
}

const encoder = new TextEncoder()

/** @throws TypeError unless it names something below the folder that it is unpacked to */
function expectPath(name: string): Uint8Array {
  const segments = (name.endsWith('/') ? name.slice(0, -1) : name).split('/')
  const isBelow = segments.every((segment) => !/^\.{0,2}$|[\\\0]|\p{Surrogate}/u.test(segment))
  const path = encoder.encode(name)
  if (isBelow && path.length <= MAX_PATH) return path
  throw new TypeError(`Expected the path of a member, such as films/a.mp4, got '${name}'`)
}

/** What its length has room for, in bytes. */
const MAX_PATH = 0xffff

/** Says all that the bytes depend on; of the dates, what is in the archive. */
function tagOf(entries: readonly Planned[]): Promise<string | undefined> {
  return joinedTag(
    entries.map(({ etag }) => etag),
    entries.map(({ name, size, lastModified, crc32 }) => {
      const second = lastModified === undefined ? null : Math.floor(lastModified.getTime() / 1000)
      return [name, size, second, crc32 ?? null]
    }),
  )
}
