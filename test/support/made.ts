import { truncateSync } from 'node:fs'
import { concat } from '../../adapters/concat.ts'
import { faststart } from '../../adapters/mp4.ts'
import { zip, zipEntry } from '../../adapters/zip.ts'
import { isSource } from '../../src/lookup.ts'
import type { FileSource } from '../../src/source.ts'
import type { Platform, Stored } from '../contract.ts'
import { canCountHandles, openHandles } from './handles.ts'
import { putFile } from './local-files.ts'
import { box, offsetBox, track } from './mp4.ts'

type Open = (path: string) => FileSource | null | Promise<FileSource | null>

interface Parts extends Stored {
  readonly paths: readonly string[]
}

/** The one that opens and closes the most. */
export const OPENED_WHEN_READ = 'concat of files that are opened when they are read'

/**
 * Sources made of files of the local file system, by their names, for the contract of a source.
 *
 * @param openPath is to keep no file open for the next request
 */
export function madeSources(
  directory: string,
  openPath: Open,
): readonly (readonly [name: string, platform: Platform<Parts>])[] {
  const put = (...parts: Uint8Array[]) => parts.map((bytes) => putFile(directory, bytes))
  const openAll = (paths: readonly string[]) =>
    Promise.all(paths.map((path) => open(openPath, path)))

  return [
    [
      'concat of files that are open',
      platform(thirds, put, async (paths) => concat(await openAll(paths))),
    ],
    [
      OPENED_WHEN_READ,
      platform(thirds, put, async (paths) => {
        const parts = await Promise.all(
          paths.map(async (path) => {
            const source = await open(openPath, path)
            await source.close?.()
            return { size: source.size, etag: source.etag, open: () => openPath(path) }
          }),
        )
        return concat(parts)
      }),
    ],
    [
      'zipEntry of a member of a zip',
      platform(whole, put, async ([path = '']) => {
        const others = { name: 'other', open: () => openPath(path) }
        const members = [others, { name: 'member', open: () => openPath(path) }]
        const request = new Request('http://localhost/')
        const found = await zipEntry(await zip(members), 'member', request)
        if (found !== null && isSource(found)) return found
        throw new Error('Expected a source')
      }),
    ],
    [
      'the media data of faststart',
      platform(asFilm, put, async ([path = '']) => {
        const film = await open(openPath, path)
        const moved = await faststart(film)
        if (moved === film) throw new Error('Expected a film that was moved')
        const start = MEDIA.length + 8
        const size = film.size - INDEX.length - start
        const at = start + INDEX.length
        return {
          ...moved,
          size,
          read: (from, until, into) => moved.read(at + from, at + until, into),
        }
      }),
    ],
  ]
}

const MEDIA = box('ftyp', 'isom')
const INDEX = box('moov', track(offsetBox('stco', [MEDIA.length + 8])))

function platform(
  split: (bytes: Uint8Array) => Uint8Array[],
  put: (...parts: Uint8Array[]) => string[],
  openPaths: (paths: readonly string[]) => Promise<FileSource>,
): Platform<Parts> {
  const made: Platform<Parts> = {
    make(bytes) {
      const paths = put(...split(bytes))
      return { paths, open: () => openPaths(paths) }
    },
    changes: {
      'its last file was cut': {
        apply: ({ paths }) => truncateSync(paths.at(-1) ?? '', 1),
        outcome: 'broken',
      },
    },
  }
  const count = ({ paths }: Parts) => {
    return paths.reduce((sum, path) => sum + openHandles(path), 0)
  }
  return canCountHandles ? { ...made, openHandles: count } : made
}

const whole = (bytes: Uint8Array) => [bytes]

/** One of them is empty. */
function thirds(bytes: Uint8Array): Uint8Array[] {
  const third = Math.ceil(bytes.length / 3)
  const cut = (i: number) => bytes.subarray(i * third, (i + 1) * third)
  return [cut(0), new Uint8Array(0), cut(1), cut(2)]
}

function asFilm(bytes: Uint8Array): Uint8Array[] {
  return [Buffer.concat([MEDIA, box('mdat', bytes), INDEX])]
}

async function open(openPath: Open, path: string): Promise<FileSource> {
  const source = await openPath(path)
  if (source === null) throw new Error(`Expected a file at ${path}`)
  return source
}
