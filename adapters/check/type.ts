import { mediaType } from '../site/media-type.ts'
import { isFilm } from './film.ts'
import { type Finding, fail, fieldOf, info, pass } from './finding.ts'
import type { Subject } from './subject.ts'

/** How files begin that are played, as Latin-1. */
const SIGNATURES = [
  ['WebM or Matroska', '\x1aE\xdf\xa3'],
  ['MP3', 'ID3'],
  ['Ogg', 'OggS'],
  ['FLAC', 'fLaC'],
] as const

const IS_PLAYED =
  /^(?:video|audio)\/|^application\/(?:ogg|mp4|vnd\.apple\.mpegurl|x-mpegurl|dash\+xml)\b/i

/** What a name may say that is not also the name of a text: `.ts` and `.m3u` may be one. */
const IS_FILM_OR_SOUND = /^(?:video|audio)\/(?!mp2t|.*mpegurl)/

/** What is played must say so; everything must say something. */
export async function judgeType(file: Subject): Promise<Finding> {
  const { whole, prefix, url } = file
  const type = whole.fields.get('content-type')
  if (type === undefined || !/^[!#$&^\w.+-]+\/[!#$&^\w.+-]+[ \t]*(?:;|$)/.test(type)) {
    return fail(fieldOf(whole, 'Content-Type'), whole)
  }
  const kind = kindOf(prefix)
  const implied = mediaType(url.pathname)
  if (kind !== null && !IS_PLAYED.test(type)) {
    return fail(`Content-Type: ${type}, but it begins as ${kind}`, whole)
  }
  const isVague = /^(?:text\/(?:plain|html)|application\/octet-stream)\b/i.test(type)
  if (implied !== undefined && IS_FILM_OR_SOUND.test(implied) && isVague) {
    return fail(`Content-Type: ${type}, but its name says ${implied}`, whole)
  }
  const part = await file.range('0-1')
  if (part.status === 206 && part.fields.get('content-type') !== type) {
    return fail(`${fieldOf(part, 'Content-Type')} on a part, ${type} on the file`, part)
  }
  const sniffed = whole.fields.get('x-content-type-options')?.toLowerCase() !== 'nosniff'
  return sniffed ? info(`${type}, without X-Content-Type-Options: nosniff`) : pass(type)
}

/** What a file is that is played, by its first bytes; null if they do not tell. */
function kindOf(prefix: Buffer): string | null {
  if (isFilm(prefix)) return 'MP4 or QuickTime'
  const begin = prefix.toString('latin1', 0, 4)
  return SIGNATURES.find(([, bytes]) => begin.startsWith(bytes))?.[0] ?? null
}
