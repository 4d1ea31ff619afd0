import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { onOneLine } from '../adapters/check/escape.ts'
import { externalUrls, formatUrl, isLoopback } from '../command/address.ts'
import { formatJson } from '../command/log/json.ts'
import { formatNotice } from '../command/log/notice.ts'
import { formatServed } from '../command/log/text.ts'
import { HELP, type Options, parseOptions } from '../command/options.ts'
import type { Served } from '../src/served.ts'

describe('parseOptions', () => {
  const serve = (change: object) => {
    return {
      kind: 'serve',
      path: '.',
      endpoint: null,
      profile: null,
      cacheMemory: 64,
      cacheDirectory: null,
      port: 8080,
      host: '127.0.0.1',
      allowHosts: [],
      auth: null,
      tls: null,
      cors: false,
      cache: 0,
      maxRanges: 1000,
      faststart: false,
      folders: 'page',
      open: false,
      qr: null,
      log: 'text',
      workers: 1,
      idle: [],
      ...change,
    }
  }
  const rows: [args: string[], options: object][] = [
    [[], serve({})],
    [['media'], serve({ path: 'media' })],
    [['--port', '0'], serve({ port: 0 })],
    [['media', '--port', '65535'], serve({ path: 'media', port: 65535 })],
    [['--port=80', 'media'], serve({ path: 'media', port: 80 })],
    [['-p', '80'], serve({ port: 80 })],
    [['-p80'], serve({ port: 80 })],
    [['--port', '1', '--port', '2'], serve({ port: 2 })],
    [['--host', '0.0.0.0'], serve({ host: '0.0.0.0' })],
    [['--host', '[::1]'], serve({ host: '::1' })],
    [['--host=::1'], serve({ host: '::1' })],
    [['--host', '::0'], serve({ host: '::' })],
    [['--host', '0'], serve({ host: '0.0.0.0' })],
    [['--host', '0x0.0'], serve({ host: '0.0.0.0' })],
    [['--host', '0:0::1'], serve({ host: '::1' })],
    [['--host', 'NAS.local.'], serve({ host: 'nas.local' })],
    [['--host', 'localhost:80'], serve({ host: 'localhost:80' })],
    [['--host', 'fe80::1%eth0'], serve({ host: 'fe80::1%eth0' })],
    [['--', '--port'], serve({ path: '--port' })],
    [['-'], serve({ path: '-' })],
    [['--allow-host', 'a', '--allow-host=b'], serve({ allowHosts: ['a', 'b'] })],
    [['--allow-host='], serve({})],
    [
      ['--allow-host', 'Films.example:8443', '--allow-host', 'films.example.'],
      serve({ allowHosts: ['films.example', 'films.example'] }),
    ],
    [['--allow-host', 'bücher.example'], serve({ allowHosts: ['xn--bcher-kva.example'] })],
    [['--allow-host', '.Ngrok.app:443'], serve({ allowHosts: ['.ngrok.app'] })],
    [['--allow-host', '[::1]:80'], serve({ allowHosts: ['::1'] })],
    [['--auth', 'me:se:cret'], serve({ auth: 'me:se:cret' })],
    [['--auth=@file'], serve({ auth: '@file' })],
    [['--cert', 'c', '--key', 'k'], serve({ tls: { cert: 'c', key: 'k' } })],
    [['--cors', '--cache', '3600'], serve({ cors: true, cache: 3600 })],
    [['--max-ranges', '5'], serve({ maxRanges: 5 })],
    [['s3://films/new/'], serve({ path: 's3://films/new/' })],
    [
      ['s3://films', '--endpoint', 'http://127.0.0.1:9000', '--profile', 'home'],
      serve({ path: 's3://films', endpoint: 'http://127.0.0.1:9000', profile: 'home' }),
    ],
    [
      ['--cache-memory', '0', '--cache-dir', '/cache'],
      serve({
        cacheMemory: 0,
        cacheDirectory: '/cache',
        idle: ['--cache-memory', '--cache-dir'],
      }),
    ],
    [['--faststart'], serve({ faststart: true })],
    [['--listing'], serve({ folders: 'listing' })],
    [['--no-page', '--listing'], serve({ folders: 'listing', idle: ['--no-page'] })],
    [['--cache-memory', '64'], serve({})],
    [['--endpoint', 'http://a'], serve({ endpoint: 'http://a', idle: ['--endpoint'] })],
    [
      ['https://a/', '--profile', 'b', '--cache-dir', 'c'],
      serve({ path: 'https://a/', profile: 'b', cacheDirectory: 'c', idle: ['--profile'] }),
    ],
    [['S3://b', '--profile', 'p'], serve({ path: 'S3://b', profile: 'p' })],
    [['HTTPS://b', '--cache-memory', '7'], serve({ path: 'HTTPS://b', cacheMemory: 7 })],
    [['--no-page'], serve({ folders: 'nothing' })],
    [['--open', '--qr'], serve({ open: true, qr: true })],
    [['--no-qr'], serve({ qr: false })],
    [['--log', 'json'], serve({ log: 'json' })],
    [['--log', 'json', '--qr'], serve({ log: 'json', qr: true, idle: ['--qr'] })],
    [['--workers', '4'], serve({ workers: 4 })],
    [['--workers', '64'], serve({ workers: 64 })],
    [['--workers=auto'], serve({ workers: availableParallelism() })],
    [['media', '--help', '--port', 'x'], { kind: 'help' }],
    [['--version', '--help'], { kind: 'help' }],
    [['-h'], { kind: 'help' }],
    [['--version'], { kind: 'version' }],
    [['-v'], { kind: 'version' }],
  ]
  test.each(rows)('%j', (args, options) => {
    expect(parseOptions(args)).toEqual(options)
  })

  const mistakes: [args: string[], message: string][] = [
    [['--prot', '1'], "Unknown option '--prot'"],
    [['--portable=1'], "Unknown option '--portable'"],
    [['--a.b'], "Unknown option '--a.b'"],
    [['web-pages', '-x'], "Unknown option '-x'"],
    [['-x', '1'], "Unknown option '-x'"],
    [['--help=yes'], "Option '-h, --help' does not take an argument"],
    [['--port'], '--port needs a value'],
    [['--host', '-1'], '--host needs a value that does not begin with a dash'],
    [['--host='], '--host needs a value'],
    [['--host', ''], '--host needs a value'],
    [['--port='], "--port takes a number from 0 to 65535, not ''"],
    [['--port=-1'], "--port takes a number from 0 to 65535, not '-1'"],
    [['--port', '-1'], '--port needs a value that does not begin with a dash'],
    [['-p', '1', '-p', '-1'], '-p needs a value that does not begin with a dash'],
    [['--port', '--host', '::'], '--port needs a value that does not begin with a dash'],
    [['--port', '65536'], "--port takes a number from 0 to 65535, not '65536'"],
    [['--port', '1e3'], "--port takes a number from 0 to 65535, not '1e3'"],
    [['--port', '0x50'], "--port takes a number from 0 to 65535, not '0x50'"],
    [['--port', '000080'], "--port takes a number from 0 to 65535, not '000080'"],
    [['a', 'b'], "expected one DIR or FILE, got a second: 'b'"],
    [['a', 'photo@2x.png'], "expected one DIR or FILE, got a second: 'photo@2x.png'"],
    [
      ['chekc', 'http://x/'],
      "expected one DIR or FILE, got a second: 'http://x/'; to check a URL, say byteserve check URL",
    ],
    [['a', 'b', 'c'], "expected one DIR or FILE, got a second: 'b'"],
    [['a', '--', 'b'], "expected one DIR or FILE, got a second: 'b'"],
    [[''], 'DIR is empty'],
    [['--auth', 'secret'], '--auth takes USER:PASS or @FILE'],
    [['--auth', ':secret'], '--auth takes USER:PASS or @FILE'],
    [['--auth', ':x:y'], '--auth takes USER:PASS or @FILE'],
    [['--auth', 'me:'], '--auth takes USER:PASS or @FILE'],
    [['--auth', 'me:secret\nyou:secret'], '--auth takes USER:PASS or @FILE'],
    [['--auth', '@'], '--auth takes USER:PASS or @FILE'],
    [['--cert', 'c'], '--cert needs --key, too'],
    [['--key', 'k'], '--key needs --cert, too'],
    ...['https://films.example', 'films.example/', 'me@films.example', 'a b', 'a:b'].map(
      (text): [string[], string] => [
        ['--allow-host', text],
        `--allow-host takes the name of a host, not '${text}'`,
      ],
    ),
    ...['*', '*.example.com'].map((text): [string[], string] => [
      ['--allow-host', text],
      `--allow-host takes the name of a host, or .example.com for all names below it, not '${text}'`,
    ]),
    [['--cache', '1d'], "--cache takes a number from 0 to 2147483647, not '1d'"],
    [['--max-ranges', '0'], "--max-ranges takes a number from 1 to 100000, not '0'"],
    [
      ['--endpoint', 'http://KEY:SECRET@127.0.0.1'],
      '--endpoint takes a URL of http: or https: without a key in it',
    ],
    ...['http://127.0.0.1/?key=hush', 'http://127.0.0.1/#hush'].map((url): [string[], string] => [
      ['--endpoint', url],
      '--endpoint takes a URL of http: or https: without a key in it',
    ]),
    [
      ['--endpoint', '127.0.0.1:9000'],
      '--endpoint takes a URL of http: or https: without a key in it',
    ],
    [['--cache-memory', '-1'], '--cache-memory needs a value that does not begin with a dash'],
    [['--workers', '0'], "--workers takes auto or a number from 1 to 64, not '0'"],
    [['--workers', '65'], "--workers takes auto or a number from 1 to 64, not '65'"],
    ...['1.5', '4e0', '0x4', ' 4', '4 '].map((text): [string[], string] => [
      ['--workers', text],
      `--workers takes auto or a number from 1 to 64, not '${text}'`,
    ]),
    [['--workers', 'all'], "--workers takes auto or a number from 1 to 64, not 'all'"],
    [['--log', 'xml'], "--log takes text, json or off, not 'xml'"],
    [['--no-port'], "Unknown option '--no-port'"],
  ]
  test.each(mistakes)('%j is a mistake', (args, message) => {
    expect(parseOptions(args)).toEqual({ kind: 'mistake', message } satisfies Options)
  })
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:80/', true],
  ['127.1.2.3', 'http://127.1.2.3:80/', true],
  ['::1', 'http://[::1]:80/', true],
  ['::ffff:127.0.0.1', 'http://[::ffff:127.0.0.1]:80/', true],
  ['0.0.0.0', 'http://127.0.0.1:80/', false],
  ['::', 'http://[::1]:80/', false],
  ['192.168.0.7', 'http://192.168.0.7:80/', false],
  ['10.127.0.1', 'http://10.127.0.1:80/', false],
  ['::ffff:192.168.0.7', 'http://[::ffff:192.168.0.7]:80/', false],
  ['::ffff:7f01:203', 'http://[::ffff:7f01:203]:80/', true],
  ['::ffff:c0a8:7', 'http://[::ffff:c0a8:7]:80/', false],
  ['::1:7f00', 'http://[::1:7f00]:80/', false],
])('the address %s', (address, url, loopback) => {
  expect([formatUrl(address, 80), isLoopback(address)]).toEqual([url, loopback])
})

test.each([
  ['0.0.0.0', ['http://192.168.0.7:80/', 'http://10.0.0.7:80/']],
  ['::', ['http://192.168.0.7:80/', 'http://[fd00::7]:80/', 'http://10.0.0.7:80/']],
  ['192.168.0.7', ['http://nas.local:80/']],
  ['127.0.0.1', []],
  ['::1', []],
])('what listens on %s is reached from elsewhere at %j', (address, urls) => {
  const own = (address: string, internal = false) => {
    const family = address.includes(':') ? 'IPv6' : 'IPv4'
    return { address, internal, family, scopeid: 0, netmask: '', mac: '', cidr: null } as const
  }
  const interfaces = {
    lo: [own('127.0.0.1', true), own('::1', true)],
    eth0: [own('192.168.0.7'), own('fd00::7'), own('fe80::7')],
    none: undefined,
    wlan0: [own('10.0.0.7')],
  }
  expect(externalUrls('nas.local', address, 80, interfaces)).toEqual(urls)
})

describe('formatServed', () => {
  const served: Served = {
    request: { method: 'GET', url: '/film.mp4', headers: new Headers({ range: 'bytes=0-9' }) },
    status: 206,
    headers: { 'content-length': '10' },
    sent: 10,
    aborted: false,
    duration: 1,
  }
  const request = (url: string, range?: string): Partial<Served> => ({
    request: { method: 'GET', url, headers: { get: () => range ?? null } },
  })
  const rows: [what: string, change: Partial<Served>, line: string][] = [
    [
      'what was sent',
      {},
      'GET      /film.mp4                     bytes=0-9         206                  10 B      1 ms',
    ],
    [
      'what was announced, where the runtime tells nothing more',
      { sent: null },
      'GET      /film.mp4                     bytes=0-9         206        announced 10 B      1 ms',
    ],
    [
      'nothing was sent, and that is known',
      { sent: 0 },
      'GET      /film.mp4                     bytes=0-9         206                   0 B      1 ms',
    ],
    [
      'nothing was announced, where the runtime tells nothing more',
      { sent: null, status: 304, headers: {} },
      'GET      /film.mp4                     bytes=0-9         304         announced 0 B      1 ms',
    ],
    [
      'just below 10 s, rounded',
      { duration: 9999.6 },
      'GET      /film.mp4                     bytes=0-9         206                  10 B  10000 ms',
    ],
    [
      '10 s',
      { duration: 10_000 },
      'GET      /film.mp4                     bytes=0-9         206                  10 B    10.0 s',
    ],
    [
      'a failure of nothing',
      { error: null },
      'GET      /film.mp4                     bytes=0-9         206                  10 B      1 ms  failed: null',
    ],
    [
      'a method in its column',
      { request: { ...served.request, method: 'G  ET\n' } },
      'G\\u{20}\\u{20}ET\\u{a}  /film.mp4                     bytes=0-9         206                  10 B      1 ms',
    ],
    [
      '500 characters whole',
      { request: { ...served.request, url: `/${'a'.repeat(499)}` } },
      `GET      /${'a'.repeat(499)}  bytes=0-9         206                  10 B      1 ms`,
    ],
    [
      'an abort, after 12 s',
      { sent: 4, aborted: true, duration: 12_345 },
      'GET      /film.mp4                     bytes=0-9         206                   4 B    12.3 s  aborted',
    ],
    [
      'a failure, on one line',
      { error: new Error('bad\n\x1b[31mdisk é'), duration: 123.4 },
      'GET      /film.mp4                     bytes=0-9         206                  10 B    123 ms  failed: bad\\u{a}\\u{1b}[31mdisk é',
    ],
    [
      'a failure that is no Error',
      { error: 'lost' },
      'GET      /film.mp4                     bytes=0-9         206                  10 B      1 ms  failed: lost',
    ],
    [
      'a whole URL by its path and query',
      request('http://[::1]:80/a/../b%20c?d e'),
      'GET      /b%20c?d%20e                  -                 206                  10 B      1 ms',
    ],
    [
      'what is no URL, as it came, in its column',
      request('http://x:y/a b\n\u202e\u{1f3ac}', 'bytes=0-  aborted'),
      'GET      http://x:y/a\\u{20}b\\u{a}\\u{202e}\\u{1f3ac}  bytes=0-\\u{20}\\u{20}aborted  206                  10 B      1 ms',
    ],
    [
      'no more than 500 characters of anything',
      request(`/${'a'.repeat(600)}`, `bytes=${'0'.repeat(100_000)}-`),
      `GET      /${'a'.repeat(499)}...  bytes=${'0'.repeat(494)}...  206                  10 B      1 ms`,
    ],
  ]
  test.each(rows)('%s', (_what, change, line) => {
    const now = new Date(2026, 10, 22, 20, 31, 5)
    expect(formatServed({ ...served, ...change }, now, null)).toBe(`20:31:05  ${line}`)
  })

  test.each([
    ['192.168.0.7', '192.168.0.7    '],
    ['::ffff:192.168.0.7', '192.168.0.7    '],
    ['fd00::1234:5678:7', 'fd00::1234:5678:7'],
    ['fd00::ffff:7', 'fd00::ffff:7   '],
  ])('%s as a client', (client, column) => {
    const now = new Date(2026, 10, 22, 20, 31, 5)
    const [, , line] = rows[0] ?? []
    expect(formatServed(served, now, client)).toBe(`20:31:05  ${column}  ${line}`)
  })
})

test('a message is on one line, in any script', () => {
  expect(onOneLine('日本\r\n\u2028\u2029\u0085\u200b é')).toBe(
    '日本\\u{d}\\u{a}\\u{2028}\\u{2029}\\u{85}\\u{200b} é',
  )
})

test('the help fits on a screen, with a line for each option that the docs name', () => {
  const lines = HELP.split('\n')
  expect(lines.length).toBeLessThanOrEqual(40)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
  const options = lines.flatMap((line) => /^(?: {6}| {2}-\w, )--([\w-]+)/.exec(line)?.[1] ?? [])
  const docs = readFileSync(join(import.meta.dirname, '../docs/command.md'), 'utf8')
  const cells = Array.from(docs.matchAll(/^\| (`-.*?) \|/gm), ([, cell = '']) => cell)
  const named = cells.flatMap((cell) =>
    Array.from(cell.matchAll(/--([\w-]+)/g), ([, name]) => name),
  )
  expect(options).toEqual([...new Set(named)])
  const unknown = options.filter((name) => {
    const read = parseOptions([`--${name}`])
    return read.kind === 'mistake' && read.message.startsWith('Unknown option')
  })
  expect(unknown).toEqual([])
})

test.each([
  [
    'what was sent',
    { sent: 4, aborted: true },
    { announced: 10, sent: 4, aborted: true, error: null },
  ],
  [
    'what was announced',
    { sent: null },
    { announced: 10, sent: null, aborted: false, error: null },
  ],
  [
    'a failure',
    { sent: 0, error: new Error('bad\ndisk') },
    { announced: 10, sent: 0, aborted: false, error: 'bad\ndisk' },
  ],
])('a line of JSON tells %s', (_what, change, expected) => {
  const served: Served = {
    request: { method: 'GET', url: '/a b.mp4', headers: new Headers({ range: 'bytes=0-9' }) },
    status: 206,
    headers: { 'content-length': '10' },
    aborted: false,
    duration: 1.4,
    ...change,
  }
  const line = formatJson(served, new Date(0), '::ffff:10.0.0.7')
  expect(line).not.toContain('\n')
  expect(JSON.parse(line)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    client: '10.0.0.7',
    method: 'GET',
    url: '/a b.mp4',
    range: 'bytes=0-9',
    status: 206,
    duration: 1,
    ...expected,
  })
})

/** What moves, recolours or rewrites a terminal, or turns the order of what it shows. */
const CONTROLS = '\x1b\x7f\x85\x9b\u200b\u202e\u2028\u2029\ud800\u{e0001}'

test('a line of JSON has nothing in it that a terminal would obey', () => {
  const url = `/${CONTROLS}é七"\\`
  const range = `bytes=${CONTROLS}`
  const error = new Error(CONTROLS)
  const served: Served = {
    request: { method: 'GET', url, headers: { get: () => range } },
    status: 206,
    headers: {},
    sent: 0,
    aborted: false,
    duration: 1,
    error,
  }
  const line = formatJson(served, new Date(0), '127.0.0.1')
  expect(line).toMatch(/^[ -~]+$/)
  expect(JSON.parse(line)).toMatchObject({ url, range, error: CONTROLS })
})

test('a notice is a line of JSON where those of requests are, and has nothing of it either', () => {
  const notice = `é ${CONTROLS}`
  const [json, text, off] = (['json', 'text', 'off'] as const).map((format) => {
    return formatNotice(notice, format, new Date(0))
  })
  expect(json).toMatch(/^[ -~]+$/)
  expect(JSON.parse(json ?? '')).toEqual({ time: '1970-01-01T00:00:00.000Z', notice })
  expect([text, off]).toEqual([onOneLine(notice), onOneLine(notice)])
})
