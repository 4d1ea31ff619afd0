import { inMemory } from '../../adapters/made/bytes.ts'
import { derivedTag } from '../../adapters/site/overlay.ts'
import { readBytes } from '../../src/reader.ts'
import type { FileSource } from '../../src/source.ts'
import { legacyEncoding } from './legacy-encoding.ts'

/** Subtitles are some 100 kB; what is larger is something else. */
const MAX_SIZE = 8 * 1024 * 1024

/**
 * SubRip's captions as WebVTT, the only kind that browsers show. The text may be in UTF-8, UTF-16
 * with its mark or, as many old files are, in what was usual for their language.
 *
 * @param language a tag; '' if it is not known
 * @returns null if the file is too large for captions
 */
export async function asWebVtt(source: FileSource, language = ''): Promise<FileSource | null> {
  try {
    if (source.size > MAX_SIZE) return null
    const text = toWebVtt(decodeText(await readBytes(source, 0, source.size), language))
    return {
      ...inMemory(new TextEncoder().encode(text)),
      type: 'text/vtt; charset=utf-8',
      etag: derivedTag(source.etag, 'vtt'),
      lastModified: source.lastModified,
      headers: source.headers,
    }
  } finally {
    await source.close?.()
  }
}

const TIME = '\\d+:\\d{1,2}:\\d{1,2}[,.]\\d{1,3}'
const TIMES = new RegExp(`^\\s*(${TIME})\\s*-->\\s*(${TIME})`)
/** Where a cue begins, by its number or its times: many files have no empty line there. */
const BEGIN = new RegExp(`\\n(?=(?:[ \\t]*\\d+[ \\t]*\\n)?[ \\t]*${TIME}[ \\t]*-->)`)

/**
 * @example
 * toWebVtt('1\r\n00:00:01,500 --> 00:00:04,000\r\n<b>Hello</b>\r\n')
 * // 'WEBVTT\n\n00:00:01.500 --> 00:00:04.000\n<b>Hello</b>\n'
 */
export function toWebVtt(srt: string): string {
  const cues: string[] = []
  for (const part of srt.replace(/\r\n?/g, '\n').split(BEGIN)) {
    // What follows an empty line belongs to no cue.
    const [cue = ''] = part.split(/\n[ \t]*\n/, 1)
    const [head = '', ...lines] = cue.split('\n')
    const [, start, end] = TIMES.exec(head) ?? []
    const words = lines.map(toCueText).filter((line) => line.trim() !== '')
    if (start === undefined || end === undefined || words.length === 0) continue
    cues.push(`\n${cueTime(start)} --> ${cueTime(end)}\n${words.join('\n')}\n`)
  }
  return `WEBVTT\n${cues.join('')}`
}

function cueTime(time: string): string {
  const [clock = '', fraction = ''] = time.split(/[,.]/)
  const padded = clock.replace(/\d+/g, (digits) => digits.padStart(2, '0'))
  return `${padded}.${fraction.padEnd(3, '0')}`
}

/** Keeps bold, italics and underlines; drops fonts, and positions such as `{\an8}`. */
function toCueText(line: string): string {
  return line
    .replace(/\{\\[^{}]*\}/g, '')
    .replace(/<(?!\/?[biu]>)\/?[a-z][^<>]*>/gi, '')
    .replace(/&(?!(?:amp|lt|gt|nbsp|lrm|rlm);)/g, '&amp;')
    .replace(/<(?!\/?[biu]>)/gi, '&lt;')
    .replace(/<\/?[biu]>/gi, (tag) => tag.toLowerCase()) // WebVTT §6.4 knows them by case
    .replace(/-->/g, '--&gt;')
}

function decodeText(bytes: Uint8Array, language: string): string {
  const [first = 0, second = 0] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder(legacyEncoding(language)).decode(bytes)
  }
}
