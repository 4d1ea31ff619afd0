import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tagOf as tagOfFile } from '../support/entity-tag.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** A file that every target serves. */
export interface Fixture {
  readonly path: string
  /** As in a request line. */
  readonly target: string
  readonly bytes: Buffer
  readonly type: string
}

const KIB = 1024
export const MIB: number = 1024 * KIB

const PATTERN = pattern(3 * MIB)

/** Where one of the ways that bytes go on some runtime ends and another begins. */
export const THRESHOLDS: readonly number[] = [32, 64, 128, 256, 512, 1024].map((size) => size * KIB)

export const FILM: Fixture = fixture('film.mp4', 1000)
export const EMPTY: Fixture = fixture('empty.mp4', 0)
export const ONE: Fixture = fixture('one.mp4', 1)
export const MEDIUM: Fixture = fixture('medium.mp4', 300 * KIB)
export const LARGE: Fixture = fixture('large.mp4', 3 * MIB)
export const ARCHIVE: Fixture = fixture('archive.zip', 2 * MIB, 'application/zip')
export const SCENE: Fixture = fixture('scene.gltf', 2 * MIB, 'model/gltf+json')
export const PAGE: Fixture = fixture('page.html', 300, 'text/html; charset=utf-8')
export const CAPTIONS: Fixture = fixture('captions.vtt', 300, 'text/vtt; charset=utf-8')
export const PLAYLIST: Fixture = fixture('list.m3u8', 300, 'application/vnd.apple.mpegurl')
export const DATA: Fixture = fixture('data', 300, 'application/octet-stream')
export const INNER: Fixture = fixture('sub/inner.mp4', 300)
export const WELL_KNOWN: Fixture = fixture('.well-known/film.mp4', 300)

/** By what is special about the name. */
export const NAMED: Readonly<Record<string, Fixture>> = {
  'a space': fixture('a b.mp4', 10),
  'a percent sign': fixture('100%.mp4', 11),
  'what looks like an escape': fixture('a%20b.mp4', 12),
  'a number sign and a question mark': fixture('a#b?c.mp4', 13),
  'double quotes': fixture('"quoted".mp4', 14),
  'a single quote': fixture("it's.mp4", 15),
  'a plus sign': fixture('a+b.mp4', 16),
  'an ampersand, a semicolon and an equals sign': fixture('a&b;c=d.mp4', 17),
  'Latin letters with accents': fixture('\u00fcn\u00efc\u00f6d\u00e9.mp4', 18),
  'a character beyond the basic plane': fixture('\u{1f3ac} \u65e5\u672c.mp4', 19),
  'dots at its end': fixture('film...mp4..', 20, 'application/octet-stream'),
}

/** Whole files of a length just below, at and just above each threshold. */
export const AT_THRESHOLDS: readonly Fixture[] = THRESHOLDS.flatMap((threshold) =>
  [-1, 0, 1].map((more) => fixture(`${threshold + more}.mp4`, threshold + more)),
)

const HIDDEN = fixture('.hidden.mp4', 300)
const HIDDEN_INSIDE = fixture('.git/film.mp4', 300)

export const FOUND: readonly Fixture[] = [
  ...[FILM, EMPTY, ONE, MEDIUM, LARGE, ARCHIVE, SCENE, PAGE, CAPTIONS, PLAYLIST, DATA, INNER],
  WELL_KNOWN,
  ...Object.values(NAMED),
  ...AT_THRESHOLDS,
]

/** With those that are there and must not be found. */
export const FIXTURES: readonly Fixture[] = [...FOUND, HIDDEN, HIDDEN_INSIDE]

/** On file systems only: times that can't tell one version from another. */
export const FUTURE: Fixture = fixture('future.mp4', 300)
export const EPOCH: Fixture = fixture('epoch.mp4', 300)

/** When the fixtures were modified, in seconds: Mon, 06 May 2024 07:08:09.987654 GMT. */
const MODIFIED = 1_714_979_289.987654

/** The entity tag of a fixture as a file. */
export function tagOf({ bytes }: Fixture): string {
  return tagOfFile(bytes, Math.floor(MODIFIED * 1000))
}

export const MODIFIED_DATE = 'Mon, 06 May 2024 07:08:09 GMT'

const UNDATED = [
  [FUTURE, 4_070_908_800],
  [EPOCH, 1],
] as const

/** A temporary directory with all fixtures, and with what must not be found. */
export function makeDirectory(): string {
  const outer = temporaryDirectory()
  const path = join(outer, 'root')
  for (const { path: name, bytes } of FIXTURES) {
    const file = join(path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
    utimesSync(file, MODIFIED, MODIFIED)
  }
  for (const [{ path: name, bytes }, modified] of UNDATED) {
    writeFileSync(join(path, name), bytes)
    utimesSync(join(path, name), modified, modified)
  }
  mkdirSync(join(outer, 'outside'))
  writeFileSync(join(outer, 'outside', 'secret.mp4'), 'secret')
  symlinkSync('film.mp4', join(path, 'link.mp4'))
  symlinkSync('../outside/secret.mp4', join(path, 'escape.mp4'))
  symlinkSync('../outside', join(path, 'outside'))
  symlinkSync('loop.mp4', join(path, 'loop.mp4'))
  execFileSync('mkfifo', [join(path, 'pipe.mp4')])
  return path
}

/** Bytes of which every 8 say at which offset they are. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(length / 8) * 8)
  for (let at = 0; at < length; at += 8)
    bytes.write(`${String(at).padStart(7, '0')} `, at, 'latin1')
  return bytes.subarray(0, length)
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

function fixture(path: string, length: number, type = 'video/mp4'): Fixture {
  const target = `/${path.split('/').map(encodeURIComponent).join('/')}`
  return { path, target, bytes: PATTERN.subarray(0, length), type }
}
