import { readBytes } from '../../src/reader.ts'
import type { FileSource } from '../../src/source.ts'

/** Subtitles are some 100 kB; what is larger is something else. */
const MAX_SIZE = 8 * 1024 * 1024

/**
 * SubRip's captions as WebVTT, the only kind that browsers show. The text may be in UTF-8, UTF-16
 * with its mark or, as many old files are, in Windows-1252.
 *
 * @returns null if the file is too large for captions
 */
export async function asWebVtt(source: FileSource): Promise<FileSource | null> {
  try {
    if (source.size > MAX_SIZE) return null
    const text = toWebVtt(decode(await readBytes(source, 0, source.size)))
    const bytes = new TextEncoder().encode(text)
    return {
      size: bytes.length,
      type: 'text/vtt; charset=utf-8',
      etag: source.etag?.replace(/"$/, '-vtt"'),
      lastModified: source.lastModified,
      headers: source.headers,
      read: (start, end) => bytes.subarray(start, end),
    }
  } finally {
    await source.close?.()
  }
}

const TIME = /(\d+):(\d\d):(\d\d)[,.](\d{1,3})/
const TIMES = new RegExp(`^\\s*${TIME.source}\\s*-->\\s*${TIME.source}.*$`)

/**
 * @example
 * toWebVtt('1\r\n00:00:01,500 --> 00:00:04,000\r\n<b>Hello</b>\r\n')
 * // 'WEBVTT\n\n00:00:01.500 --> 00:00:04.000\n<b>Hello</b>\n'
 */
export function toWebVtt(srt: string): string {
  const cues: string[] = []
  for (const block of srt.split(/\r?\n(?:[ \t]*\r?\n)+|\r\r+/)) {
    const lines = block.split(/\r\n?|\n/)
    const at = lines.findIndex((line) => TIMES.test(line))
    if (at < 0) continue
    const words = lines
      .slice(at + 1)
      .map(toCueText)
      .filter((line) => line.trim() !== '')
    const [, ...times] = TIMES.exec(lines[at] ?? '') ?? []
    if (words.length === 0) continue
    const span = `${formatTime(times.slice(0, 4))} --> ${formatTime(times.slice(4))}`
    cues.push(`\n${span}\n${words.join('\n')}\n`)
  }
  return `WEBVTT\n${cues.join('')}`
}

function formatTime([hours = '', minutes, seconds, fraction = '']: string[]): string {
  return `${hours.padStart(2, '0')}:${minutes}:${seconds}.${fraction.padEnd(3, '0')}`
}

/** Keeps bold, italics and underlines; drops fonts, and positions such as `{\an8}`. */
function toCueText(line: string): string {
  return line
    .replace(/\{\\[^}]*\}/g, '')
    .replace(/<(?!\/?[biu]>)\/?[a-z][^<>]*>/gi, '')
    .replace(/&(?!(?:amp|lt|gt|nbsp|lrm|rlm);)/g, '&amp;')
    .replace(/<(?!\/?[biu]>)/gi, '&lt;')
    .replace(/-->/g, '--&gt;')
}

function decode(bytes: Uint8Array): string {
  const [first = 0, second = 0] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
