import process from 'node:process'
import { parseArgs } from 'node:util'
import { onOneLine } from '../adapters/check/escape.ts'
import { MAX_MIB, MAX_REQUESTS, MAX_TIMEOUT, TIMEOUT } from '../adapters/check/limits.ts'
import { withoutUser } from '../adapters/check/target.ts'
import {
  type Colour,
  check,
  formatReport,
  type Obstacle,
  type Paint,
  type Progress,
  type Report,
  UnansweredError,
} from '../adapters/check.ts'
import { Mistake, unlessMistaken } from './arguments.ts'
import { isDumb, mayColour } from './environment.ts'
import { messageOf } from './failure.ts'
import { writeOut } from './stdout.ts'

const FAILED = 1
const NOT_ASKED = 2

/** No line of text gets longer, however wide the terminal is. */
const MAX_WIDTH = 100
const DEFAULT_WIDTH = 80

export const CHECK_HELP: string = `Usage: byteserve check URL… [options]

Asks a server for a file as players, downloads and caches do, and says what it gets wrong, what
that means for people, and how to fix it. At most ${MAX_REQUESTS} requests and ${MAX_MIB} MiB for each URL, one request
at a time.

      --origin ORIGIN    check CORS, too, for pages of ORIGIN, such as https://app.example
      --header 'N: v'    send this header field with each GET and HEAD; may be given several times
      --insecure         accept a certificate that is not trusted
      --timeout SECONDS  how long the server may be silent, ${TIMEOUT / 1000} by default
      --json             print the reports as JSON
  -v, --verbose          show what is right, too
  -h, --help             print this

Examples:
  byteserve check https://example.com/film.mp4
  byteserve check -v --header 'Authorization: Bearer …' http://localhost:8080/film.mp4

Exits with 0 if all is right, 1 if anything is wrong, and 2 if something could not be asked.
`

/** A stream that the command writes to. */
export interface Writer {
  /** May be fulfilled once that is done. */
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** What the command is run with. */
export interface CheckIO {
  readonly stdout: Writer
  readonly stderr: Writer
  /** Whether a terminal may be coloured. */
  readonly colours: boolean
}

interface Wanted {
  readonly kind: 'check'
  /** With or without a scheme. */
  readonly urls: readonly string[]
  readonly origin: string | undefined
  readonly headers: readonly (readonly [string, string])[]
  readonly insecure: boolean
  readonly timeout: number
  readonly json: boolean
  readonly verbose: boolean
}

/** What came of one URL. */
type Outcome = Report | { readonly url: string; readonly error: string }

/**
 * Runs `byteserve check` with the arguments after that.
 *
 * @returns the exit code: 0 all is right; 1 something is wrong; 2 something could not be asked, or
 * the arguments are wrong
 * @throws Failure, as a rejection, when the report can't be written
 */
export async function runCheck(
  args: readonly string[],
  io: CheckIO = processIO(),
): Promise<number> {
  const wanted = unlessMistaken(() => readArguments(args))
  if (wanted.kind === 'help') {
    await io.stdout.write(CHECK_HELP)
    return 0
  }
  if (wanted.kind === 'mistake') {
    io.stderr.write(`byteserve: ${onOneLine(wanted.message)}; see byteserve check --help\n`)
    return NOT_ASKED
  }
  const outcomes: Outcome[] = []
  for (const [at, given] of wanted.urls.entries()) {
    const outcome = await checkOne(given, wanted, io.stderr)
    outcomes.push(outcome)
    if (wanted.json) continue
    if ('error' in outcome) io.stderr.write(`byteserve: ${outcome.error}\n`)
    else await io.stdout.write((at === 0 ? '' : '\n') + toText(outcome, wanted, io))
  }
  if (wanted.json) await io.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`)
  return Math.max(...outcomes.map(toExitCode))
}

/** Checks one URL, while a line of a terminal says what it is at. */
async function checkOne(given: string, wanted: Wanted, stderr: Writer): Promise<Outcome> {
  const url = withScheme(given)
  const { origin, headers, insecure, timeout } = wanted
  const shows = stderr.isTTY === true
  const onProgress = ({ requests, title }: Progress) => {
    const line = `${requests} ${title ?? `opening ${onOneLine(withoutUser(url))}`}`
    stderr.write(`\r\x1b[K${line.slice(0, widthOf(stderr) - 1)}`)
  }
  try {
    return await check(url, {
      headers,
      insecure,
      timeout,
      ...(origin === undefined ? {} : { origin }),
      ...(shows ? { onProgress } : {}),
    })
  } catch (error) {
    return { url: withoutUser(url), error: whyNot(error, given) }
  } finally {
    if (shows) stderr.write('\r\x1b[K')
  }
}

/** Why a URL could not be checked. */
function whyNot(error: unknown, given: string): string {
  const message = onOneLine(messageOf(error))
  if (!(error instanceof UnansweredError)) return message
  const url = withScheme(given)
  const hint = hintAt(error.obstacle, url !== given)
  return `can't check ${onOneLine(withoutUser(url))}: ${message}${hint}`
}

function hintAt(obstacle: Obstacle, mayBePath: boolean): string {
  if (obstacle === 'certificate') return '; --insecure asks it all the same'
  const isPath = obstacle === 'name' && mayBePath
  return isPath ? '; if that is a file, serve it first, and check the URL of the server' : ''
}

function toText(report: Report, { verbose }: Wanted, { stdout, colours }: CheckIO): string {
  const isTerminal = stdout.isTTY === true
  return formatReport(report, {
    verbose,
    width: widthOf(stdout),
    ...(isTerminal && colours ? { paint } : {}),
  })
}

/** A terminal that does not know its width says 0. */
function widthOf({ columns = 0 }: Writer): number {
  return columns === 0 ? DEFAULT_WIDTH : Math.min(columns, MAX_WIDTH)
}

/** All is right, something is wrong, or nobody knows. */
function toExitCode(outcome: Outcome): number {
  if ('error' in outcome) return NOT_ASKED
  if (outcome.passed) return 0
  return outcome.rows.some((row) => row.outcome === 'fail') ? FAILED : NOT_ASKED
}

function readArguments(args: readonly string[]): Wanted | { readonly kind: 'help' } {
  const { values, positionals: urls } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      origin: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      insecure: { type: 'boolean', default: false },
      timeout: { type: 'string', default: String(TIMEOUT / 1000) },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', short: 'v', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const { origin, insecure, json, verbose } = values
  if (values.help) return { kind: 'help' }
  if (urls.length === 0) throw new Mistake('expected the URL of a file')
  return {
    kind: 'check',
    urls,
    origin,
    headers: values.header.map(parseHeader),
    insecure,
    timeout: parseSeconds(values.timeout) * 1000,
    json,
    verbose,
  }
}

/** No `0x10` and no `1e1`, as elsewhere in the command; half a second is one. */
function parseSeconds(text: string): number {
  const [seconds, max] = [Number(text), MAX_TIMEOUT / 1000]
  if (/^\d*\.?\d+$/.test(text) && seconds > 0 && seconds <= max) return seconds
  throw new Mistake(`--timeout takes seconds, up to ${max}`)
}

/** A name and a value; no message shows what was given: it may be a secret. */
function parseHeader(text: string): readonly [string, string] {
  const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new Mistake("--header takes 'Name: value'")
  return [name, value]
}

/** As browsers do, and curl: `localhost:8080/film.mp4` is a URL. */
function withScheme(url: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(url) ? url : `http://${url}`
}

const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }

const paint: Paint = (colour, text) => `\x1b[${CODES[colour]}m${text}\x1b[0m`

function processIO(): CheckIO {
  const { isTTY } = process.stdout
  const stdout: Writer = { write: writeOut, isTTY, columns: process.stdout.columns }
  const plain: Writer = { write: (text) => process.stderr.write(text) }
  return { stdout, stderr: isDumb() ? plain : process.stderr, colours: mayColour() }
}
