import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { withoutUser } from '../adapters/check/target.ts'
import { isEndpoint, toHost } from './address.ts'
import { type Misread, Mistake, unlessMistaken } from './arguments.ts'
import { isPassword } from './secrets.ts'

/** What the command line asks for. */
export type Options = ServeOptions | { readonly kind: 'help' | 'version' } | Misread

export interface ServeOptions {
  readonly kind: 'serve'
  /** A folder or one file: a path, or a URL of s3:, http: or https:. */
  readonly path: string
  /** Of a store of S3; null for the one that the environment or the profile names. */
  readonly endpoint: string | null
  /** Of AWS's own files; null for what the environment says. */
  readonly profile: string | null
  /** How much of files that are elsewhere is kept in memory, in MiB; 0 for nothing. */
  readonly cacheMemory: number
  /** Where more of them is kept. */
  readonly cacheDirectory: string | null
  readonly port: number
  readonly host: string
  /** The names that it answers to beside its own. */
  readonly allowHosts: readonly string[]
  /** `USER:PASS`, or `@FILE` that holds it; null for no password. */
  readonly auth: string | null
  /** PEM files for HTTPS. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly cors: boolean
  /** For how many seconds a file may be kept without asking; 0 for not at all. */
  readonly cache: number
  readonly maxRanges: number
  /** Whether the index of an MP4 is moved to its front as it is sent. */
  readonly faststart: boolean
  /** What answers for a folder. */
  readonly folders: 'page' | 'listing' | 'nothing'
  readonly open: boolean
  /** Null: where it is of use. */
  readonly qr: boolean | null
  readonly log: 'text' | 'json' | 'off'
  /** How many processes or threads answer. */
  readonly workers: number
  /** The options that change nothing about what is served. */
  readonly idle: readonly string[]
}

const DEFAULTS = {
  port: '8080',
  host: '127.0.0.1',
  cache: '0',
  'cache-memory': '64',
  'max-ranges': '1000',
  log: 'text',
  workers: '1',
}
const HIGHEST_PORT = 65535
/** What 32 bits hold, which caches must understand (RFC 9111 §1.2.2). */
const LONGEST_CACHE = 2 ** 31 - 1
const HIGHEST_MAX_RANGES = 100_000
/** In MiB: 1 TiB. */
const HIGHEST_MEMORY = 2 ** 20
const MOST_WORKERS = 64
const LOGS = ['text', 'json', 'off'] as const

export const HELP: string = `Usage: byteserve [DIR, FILE, s3://BUCKET/… or https://…] [options]
       byteserve check URL…   what a server gets wrong; see byteserve check -h

Serves files with byte ranges: films seek, and downloads resume. A folder shows
its index.html or, if there is none, a page that plays what is in it. Without
DIR, it is the current folder.

  -p, --port N           listen on port N, ${DEFAULTS.port} by default; 0 for any free one
      --host H           listen on H, ${DEFAULTS.host} by default; 0.0.0.0: the network
      --allow-host NAME  answer to this host name, too; may be given again
      --auth USER:PASS   ask for a password; @FILE or $BYTESERVE_AUTH hide it
      --cert FILE        HTTPS with this certificate; HTTP/2 where possible
      --key FILE         the private key of the certificate; both in PEM
      --cors             let pages of any other site read the files
      --cache SECONDS    how long browsers may keep a file, ${DEFAULTS.cache} by default
      --max-ranges N     ranges in one request, ${DEFAULTS['max-ranges']} by default
      --faststart        send an MP4's index first, even if it is at the end
      --listing          show folders as plain lists
      --no-page          show no folders
      --open             open the page in a browser
      --qr               draw the URL for a phone; by default where it is of use
      --no-qr            never draw it
      --log FORMAT       text by default, json or off
      --workers N        answer from N cores, ${DEFAULTS.workers} by default; auto for all
      --endpoint URL     the store of s3://BUCKET/…
      --profile NAME     whose key to use for it
      --cache-memory MIB keep so much of what is elsewhere, ${DEFAULTS['cache-memory']} by default
      --cache-dir DIR    keep more of it in this folder
  -h, --help             print this
  -v, --version          print the version

  byteserve ~/Films --host 0.0.0.0     watch on a phone in the same network
`

/**
 * Reads the command's arguments. A value follows its option or an equals sign; if an option is
 * given twice, the last one counts; after `--` there are no options.
 *
 * @example
 * parseOptions(['media', '--port', '0']) // { kind: 'serve', path: 'media', port: 0, … }
 * parseOptions(['--port', 'x']) // { kind: 'mistake', message: "--port takes a number …, not 'x'" }
 */
export function parseOptions(args: readonly string[]): Options {
  return unlessMistaken(() => {
    const { values, positionals } = readArguments(args)
    if (values.help) return { kind: 'help' }
    if (values.version) return { kind: 'version' }
    return toOptions(positionals, values)
  })
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: 'string', short: 'p', default: DEFAULTS.port },
      host: { type: 'string', default: DEFAULTS.host },
      'allow-host': { type: 'string', multiple: true, default: [] },
      auth: { type: 'string' },
      cert: { type: 'string' },
      key: { type: 'string' },
      cors: { type: 'boolean', default: false },
      cache: { type: 'string', default: DEFAULTS.cache },
      'cache-memory': { type: 'string', default: DEFAULTS['cache-memory'] },
      'cache-dir': { type: 'string' },
      endpoint: { type: 'string' },
      profile: { type: 'string' },
      'max-ranges': { type: 'string', default: DEFAULTS['max-ranges'] },
      faststart: { type: 'boolean', default: false },
      listing: { type: 'boolean', default: false },
      'no-page': { type: 'boolean', default: false },
      open: { type: 'boolean', default: false },
      qr: { type: 'boolean' },
      'no-qr': { type: 'boolean' },
      log: { type: 'string', default: DEFAULTS.log },
      workers: { type: 'string', default: DEFAULTS.workers },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
}

type Values = ReturnType<typeof readArguments>['values']

function toOptions([path = '.', ...extra]: readonly string[], values: Values): ServeOptions {
  const { host, auth, cert, key } = values
  if (path === '') throw new Mistake('DIR is empty')
  if (extra.length > 0) throw second(extra)
  if (host === '') throw new Mistake('--host needs a value')
  if (auth !== undefined && !/^@./s.test(auth) && !isPassword(auth)) {
    // Whatever it is, it was meant to be secret.
    throw new Mistake('--auth takes USER:PASS or @FILE')
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new Mistake(
      `--${cert === undefined ? 'key' : 'cert'} needs --${cert === undefined ? 'cert' : 'key'}, too`,
    )
  }
  return {
    kind: 'serve',
    path,
    endpoint: expectEndpoint(values.endpoint),
    profile: values.profile ?? null,
    cacheMemory: expectNumber('cache-memory', values['cache-memory'], 0, HIGHEST_MEMORY),
    cacheDirectory: values['cache-dir'] ?? null,
    port: expectNumber('port', values.port, 0, HIGHEST_PORT),
    // What is no host fails later, when it is resolved.
    host: toHost(host) ?? host,
    allowHosts: values['allow-host'].filter((text) => text !== '').map(expectHost),
    auth: auth ?? null,
    tls: cert === undefined || key === undefined ? null : { cert, key },
    cors: values.cors,
    cache: expectNumber('cache', values.cache, 0, LONGEST_CACHE),
    maxRanges: expectNumber('max-ranges', values['max-ranges'], 1, HIGHEST_MAX_RANGES),
    faststart: values.faststart,
    folders: values.listing ? 'listing' : values['no-page'] ? 'nothing' : 'page',
    open: values.open,
    qr: values['no-qr'] ? false : (values.qr ?? null),
    log: expectLog(values.log),
    workers: expectWorkers(values.workers),
    idle: idleAmong(values, path),
  }
}

const OF_S3 = ['endpoint', 'profile'] as const
const OF_ELSEWHERE = [...OF_S3, 'cache-memory', 'cache-dir'] as const

/** Whoever gives these has perhaps forgotten the other half. */
function idleAmong(values: Values, path: string): string[] {
  const others = /^s3:/i.test(path) ? [] : /^https?:/i.test(path) ? OF_S3 : OF_ELSEWHERE
  const idle: string[] = others.filter((name) => values[name] !== Object(DEFAULTS)[name])
  if (values.listing && values['no-page']) idle.push('no-page')
  if (values.qr && values.log === 'json') idle.push('qr')
  return idle.map((name) => `--${name}`)
}

/** Of more than one thing to serve; the first was perhaps meant for the word `check`. */
function second([path = '']: readonly string[]): Mistake {
  const hint = /^https?:/i.test(path) ? '; to check a URL, say byteserve check URL' : ''
  const shown = hint === '' ? path : withoutUser(path)
  return new Mistake(`expected one DIR or FILE, got a second: '${shown}'${hint}`)
}

/** A port is left out: a browser may name any. With a dot in front, it is all names below it. */
function expectHost(text: string): string {
  if (text.includes('*')) {
    const form = 'the name of a host, or .example.com for all names below it'
    throw new Mistake(`--allow-host takes ${form}, not '${text}'`)
  }
  const host = toHost(text) ?? toHost(text.replace(/:\d+$/, ''))
  if (host === null) throw new Mistake(`--allow-host takes the name of a host, not '${text}'`)
  return host
}

function expectNumber(name: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (/^(?:0|[1-9]\d*)$/.test(text) && number >= min && number <= max) return number
  throw new Mistake(`--${name} takes a number from ${min} to ${max}, not '${text}'`)
}

function expectWorkers(text: string): number {
  const number = text === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : Number(text)
  if (/^(?:auto|\d+)$/.test(text) && number >= 1 && number <= MOST_WORKERS) return number
  throw new Mistake(`--workers takes auto or a number from 1 to ${MOST_WORKERS}, not '${text}'`)
}

function expectEndpoint(text: string | undefined): string | null {
  if (text === undefined) return null
  if (isEndpoint(text)) return text
  throw new Mistake('--endpoint takes a URL of http: or https: without a key in it')
}

function expectLog(text: string): ServeOptions['log'] {
  const log = LOGS.find((name) => name === text)
  if (log === undefined) throw new Mistake(`--log takes text, json or off, not '${text}'`)
  return log
}
