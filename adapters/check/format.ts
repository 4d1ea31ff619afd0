import { countBytes } from './finding.ts'
import type { Report, Row, Verdict } from './report.ts'

/** How a report is written. */
export interface Format {
  /** Shows what is right, too. */
  readonly verbose?: boolean
  /** How many columns a line may have; lines for a shell are not broken. */
  readonly width?: number
  /** Colours a text. */
  readonly paint?: Paint
}

/** What a text is to look like. */
export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold'
/** Puts a text into a colour, such as by escape sequences. */
export type Paint = (colour: Colour, text: string) => string

const WIDTH = 100
const INDENT = '  '

const MARKS: Readonly<Record<Row['outcome'], readonly [mark: string, colour: Colour]>> = {
  pass: ['✓', 'green'],
  fail: ['✗', 'red'],
  unknown: ['?', 'yellow'],
  info: ['·', 'dim'],
}

/**
 * A report for people: the verdicts, and then what fails.
 *
 * @example
 * ```ts
 * const report = await check('https://example.com/film.mp4')
 * console.log(formatReport(report, { verbose: true, width: 80 }))
 * ```
 */
export function formatReport(
  report: Report,
  { verbose = false, width = WIDTH, paint = plain }: Format = {},
): string {
  const { verdicts, rows, requests, bytes } = report
  const failures = rows.filter(({ outcome }) => outcome === 'fail')
  const others = rows.filter(({ outcome }) => outcome !== 'fail')
  const blocks = [
    [paint('bold', report.url), ...describe(report)].join('\n'),
    [
      mark('Plays and seeks', verdicts.plays, paint),
      mark('Resumes', verdicts.resumes, paint),
      mark('Cacheable', verdicts.caches, paint),
      ...(verdicts.cors === null ? [] : [mark('Cross-origin', verdicts.cors, paint)]),
    ].join(' · '),
    ...failures.map((row) => formatFailure(row, width, paint)),
    verbose ? others.map((row) => formatOther(row, paint)).join('\n') : unchecked(rows, width),
    paint('dim', `${requests} requests, ${formatBytes(bytes)} received`),
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function describe({ url, finalUrl, server, size, rows }: Report): string[] {
  const type = rows.find(({ id }) => id === 'type')?.found ?? ''
  const facts = [
    ...(size === null ? [] : [countBytes(size)]),
    ...(server === null ? [] : [`served by ${server}`]),
    ...(finalUrl === url ? [] : [`redirected to ${finalUrl}`]),
    ...(/^text\/html\b/i.test(type) ? ['a page of HTML: is it the file that was meant?'] : []),
  ]
  return facts.length === 0 ? [] : [facts.join(', ')]
}

function mark(text: string, verdict: Verdict, paint: Paint): string {
  const [sign, colour] = MARKS[verdict]
  return `${text} ${paint(colour, sign)}`
}

function formatFailure(
  { outcome, title, id, found, consequence, fix, curl }: Row,
  width: number,
  paint: Paint,
): string {
  const [sign, colour] = MARKS[outcome]
  return [
    `${paint(colour, sign)} ${paint('bold', title)} ${paint('dim', `(${id})`)}`,
    ...wrap(`Found: ${found}`, width),
    ...wrap(consequence ?? '', width),
    ...wrap(`Fix: ${fix}`, width),
    ...(curl === null ? [] : [INDENT + paint('dim', curl)]),
  ].join('\n')
}

function formatOther({ outcome, title, found }: Row, paint: Paint): string {
  const [sign, colour] = MARKS[outcome]
  return `${paint(colour, sign)} ${title}: ${paint('dim', found)}`
}

/** What could not be told: for each reason, of which checks. */
function unchecked(rows: readonly Row[], width: number): string {
  const reasons = new Map<string, string[]>()
  for (const { outcome, id, found } of rows) {
    if (outcome === 'unknown') reasons.set(found, [...(reasons.get(found) ?? []), id])
  }
  return Array.from(reasons, ([reason, ids]) => {
    return wrap(`? ${ids.join(', ')}: not known, ${reason}`, width, '').join('\n')
  }).join('\n')
}

function wrap(text: string, width: number, indent: string = INDENT): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}

function formatBytes(bytes: number): string {
  return bytes < 1024 ** 2
    ? `${Math.ceil(bytes / 1024)} KiB`
    : `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

function plain(_colour: Colour, text: string): string {
  return text
}
