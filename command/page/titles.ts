import { fold } from './format.ts'

/** What a file's name says of the film, the episode or the song that it holds. */
export interface Title {
  readonly text: string
  /** Of an episode only. */
  readonly episode?: Episode | undefined
}

export interface Episode {
  /** '' when the name leaves it to the folder. */
  readonly series: string
  readonly season: number
  readonly number: number
}

/** `S01E02`, `1x02`, and several in one file: `S01E01E02`, `S01E01-E02`, `1x01-02`. */
const EPISODE =
  /(?<![a-z\d])(?:s(\d{1,2})[\s._-]*e(\d{1,3})|(\d{1,2})x(\d{2,3}))(?:[\s._-]*e\d{1,3}|-\d{2,3})*(?![a-z\d])/i
const SEASON = /^(?:season|series|staffel|saison|temporada|stagione|sezon|seizoen)[\s._-]*\d+$/i

/**
 * Reads a file's name as people mean it: without its extension, and with spaces where dots stand
 * for them; an episode without its series.
 *
 * @example
 * readTitle('Blade Runner (1982).mp4') // { text: 'Blade Runner (1982)' }
 * readTitle('The.Wire.S01E02.The.Detail.mkv')
 * // { text: 'The Detail', episode: { series: 'The Wire', season: 1, number: 2 } }
 */
export function readTitle(name: string): Title {
  const stem = stemOf(name)
  const found = EPISODE.exec(stem)
  if (found === null) return { text: withSpaces(stem) }
  const [mark, season, number, season2, number2] = found
  const numbers = { season: Number(season ?? season2), number: Number(number ?? number2) }
  const series = withSpaces(withoutEdges(stem.slice(0, found.index)))
  const text = withSpaces(withoutEdges(stem.slice(found.index + mark.length)))
  return { text: text || `Episode ${numbers.number}`, episode: { series, ...numbers } }
}

/** Whether a folder holds one season of a series, by its name. */
export function isSeason(folder: string): boolean {
  return SEASON.test(folder)
}

/**
 * Whether a folder is there for one film only, which is called as the folder is, or nearly.
 *
 * @example
 * isCalledAlike('Blade Runner (1982)', 'Blade.Runner.mkv') // true
 */
export function isCalledAlike(folder: string, name: string): boolean {
  const [a, b] = [lettersOf(folder), lettersOf(stemOf(name))]
  return Math.min(a.length, b.length) > 1 && (a.startsWith(b) || b.startsWith(a))
}

/** A name or a path without its extension. */
export function stemOf(path: string): string {
  return path.replace(/(?<=[^/])\.[^./]*$/, '')
}

function lettersOf(text: string): string {
  return fold(text).replace(/[^\p{L}\p{N}]/gu, '')
}

/** Without what parts words at either end. */
function withoutEdges(text: string): string {
  // Linear by the lookbehind: without it, a long run of dots is scanned from each of its dots.
  return text.replace(/^[\s._-]+|(?<![\s._-])[\s._-]+$/g, '')
}

function withSpaces(text: string): string {
  return (/\s/.test(text) ? text : text.replace(/[._]+/g, ' ')).trim() || text
}
