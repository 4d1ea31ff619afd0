import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeListener } from '../adapters/node.ts'
import { attachment, type CorsOptions, contentDisposition, cors } from '../adapters/site.ts'
import { fileHandler, matchFile } from '../src/serve.ts'
import { executablePath, launchChromium } from './support/chromium.ts'
import { countingSource, someBytes } from './support/counting-source.ts'

const bytes = someBytes(1000)
const source = {
  size: bytes.length,
  type: 'video/mp4',
  etag: '"v1"',
  headers: { vary: 'Accept-Encoding' },
  read: (start: number, end: number) => bytes.subarray(start, end),
}

async function fieldsOf(
  options: CorsOptions,
  origin: string | null,
  method = 'GET',
  asked: Record<string, string> = {},
) {
  const handler = fileHandler(() => source, { headers: cors(options) })
  const headers = { ...asked, ...(origin !== null && { origin }) }
  const response = await handler(new Request('http://host/', { method, headers }))
  const fields = [...response.headers].filter(([name]) =>
    /^(?:access-control|cross-|vary)/.test(name),
  )
  return Object.fromEntries(fields.map(([name, value]) => [name, value.replace(/,.{30,}/, ', …')]))
}

const PREFLIGHT = { 'access-control-request-method': 'GET' }

describe('cors in a middleware', () => {
  const asked = { origin: 'https://app.example', ...PREFLIGHT }
  const lookup = ({ url }: { url: string }) => (url.endsWith('/film.mp4') ? source : null)

  it.each<[string, string, Record<string, string>, object, number | null]>([
    ['a preflight for a file', '/film.mp4', asked, { headers: cors() }, 204],
    ['a preflight for what is no file', '/api', asked, { headers: cors() }, null],
    ['a preflight without cors', '/film.mp4', asked, {}, null],
    ['other OPTIONS', '/film.mp4', { origin: asked.origin }, { headers: cors() }, null],
    [
      'a preflight for an upload',
      '/film.mp4',
      { ...asked, 'access-control-request-method': 'PUT' },
      { headers: cors() },
      null,
    ],
  ])('%s, %s', async (_what, path, headers, options, expected) => {
    const match = matchFile(lookup, options)
    const response = await match(new Request(`http://host${path}`, { method: 'OPTIONS', headers }))
    expect(response?.status ?? null).toBe(expected)
    if (expected !== null) {
      expect(response?.headers.get('access-control-allow-headers')).toContain('Range')
    }
  })

  it.each([
    'PUT',
    'POST',
    'DELETE',
  ])('goes on to the next handler for %s, of which no option is told', async (method) => {
    let calls = 0
    const fields = { 'access-control-allow-methods': 'GET, PUT' }
    const headers = () => {
      calls++
      return fields
    }
    for (const given of [headers, fields]) {
      const match = matchFile(lookup, { headers: given })
      const request = new Request('http://host/film.mp4', { method, headers: asked })
      expect(await match(request)).toBe(null)
    }
    expect(calls).toBe(0)
  })

  it('goes on to the next handler where the look-up for a preflight fails', async () => {
    const match = matchFile(() => Promise.reject(new Error('EIO')), { headers: cors() })
    const request = new Request('http://host/film.mp4', { method: 'OPTIONS', headers: asked })
    expect(await match(request)).toBe(null)
  })

  it('closes what it found for a preflight', async () => {
    const counted = countingSource(bytes)
    const match = matchFile(() => counted, { headers: cors() })
    await match(new Request('http://host/film.mp4', { method: 'OPTIONS', headers: asked }))
    expect([counted.closes, counted.reads.length]).toEqual([1, 0])
  })
})

describe('cors', () => {
  const open = {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Accept-Ranges, …',
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'Accept-Encoding',
  }
  const app = 'https://app.example'

  it.each<[string, CorsOptions, string | null, Record<string, string>]>([
    ['everybody', {}, app, open],
    ['everybody, without an Origin', {}, null, open],
    [
      'one origin, always the same',
      { origin: app },
      'https://other.example',
      {
        'access-control-allow-origin': app,
        'access-control-expose-headers': 'Accept-Ranges, …',
        vary: 'Accept-Encoding',
      },
    ],
    [
      'one of several, with cookies',
      { origin: [app, 'capacitor://localhost'], credentials: true },
      'capacitor://localhost',
      {
        'access-control-allow-credentials': 'true',
        'access-control-allow-origin': 'capacitor://localhost',
        'access-control-expose-headers': 'Accept-Ranges, …',
        vary: 'Accept-Encoding, Origin',
      },
    ],
    [
      'none of several',
      { origin: [app] },
      'https://app.example.evil',
      { vary: 'Accept-Encoding, Origin' },
    ],
    ['none of several: no Origin', { origin: [app] }, null, { vary: 'Accept-Encoding, Origin' }],
    [
      'a function says no',
      { origin: (origin) => origin.endsWith('.app.example') },
      'https://evil.example',
      { vary: 'Accept-Encoding, Origin' },
    ],
    [
      'another policy',
      { origin: (origin) => origin === app, resourcePolicy: 'same-site' },
      app,
      {
        'access-control-allow-origin': app,
        'access-control-expose-headers': 'Accept-Ranges, …',
        'cross-origin-resource-policy': 'same-site',
        vary: 'Accept-Encoding, Origin',
      },
    ],
  ])('%s', async (_who, options, origin, expected) => {
    expect(await fieldsOf(options, origin)).toEqual(expected)
  })

  it('answers a preflight, also for a file that is not there', async () => {
    const options = { origin: [app], credentials: true, maxAge: 60, allow: ['X-Token'] }
    const handler = fileHandler(() => null, { headers: cors(options) })
    const headers = { origin: app, ...PREFLIGHT }
    const response = await handler(new Request('http://host/', { method: 'OPTIONS', headers }))
    expect([response.status, Object.fromEntries(response.headers)]).toEqual([
      204,
      {
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers':
          'Cache-Control, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, Want-Repr-Digest, X-Token',
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-origin': app,
        'access-control-max-age': '60',
        allow: 'GET, HEAD, OPTIONS',
        vary: 'Origin',
      },
    ])
    const missing = await handler(new Request('http://host/', { headers: { origin: app } }))
    expect([missing.status, missing.headers.get('access-control-allow-origin')]).toEqual([404, app])
  })

  it.each<[CorsOptions | Record<string, unknown>, string]>([
    [{ origin: '' }, "Expected an origin like 'https://app.example', got ''"],
    [{ origin: 'app.example' }, "Expected an origin like 'https://app.example', got 'app.example'"],
    [
      { origin: 'https://a.b/' },
      "Expected an origin like 'https://app.example', got 'https://a.b/'",
    ],
    [{ origin: ['*'] }, "Expected an origin like 'https://app.example', got '*'"],
    ...['https://*.example.com', 'https://*', 'https://a.*:8080'].flatMap((origin) =>
      [origin, [origin]].map((rule): [CorsOptions, string] => [
        { origin: rule },
        `Expected an origin without '*', or a function for several, got '${origin}'`,
      ]),
    ),
    // What no browser sends.
    ...['https://App.example', 'https://app.example:443', 'http://a.b:080', 'http://\u00fc.de'].map(
      (origin): [CorsOptions, string] => [
        { origin: [origin] },
        `Expected an origin like 'https://app.example', got '${origin}'`,
      ],
    ),
    [{ origin: true }, "Expected origin to be a URL's, several, or a function, got true"],
    [{ credentials: true }, "Expected an origin for credentials: browsers send none if it is '*'"],
    [{ credentials: 'yes' }, 'Expected credentials to be a boolean, got yes'],
    [{ expose: ['a b'] }, 'Expected expose to hold names of header fields, got a b'],
    [{ allow: ['a\nb'] }, 'Expected allow to hold names of header fields, got a\nb'],
    [{ resourcePolicy: 'none' }, "Expected resourcePolicy to be like 'same-site', got none"],
  ])('%j is refused at once', (options, message) => {
    expect(() => cors(options as CorsOptions)).toThrow(new TypeError(message))
  })

  it.each([
    'http://localhost:3000',
    'https://app.example:8443',
    'http://127.0.0.1',
    'http://[::1]:3000',
    'https://xn--tda.de',
    'capacitor://localhost',
    'chrome-extension://abcdef',
    'app://films.example:80',
  ])('%s is allowed to who comes from there', async (origin) => {
    const fields = await fieldsOf({ origin: [origin] }, origin)
    expect(fields['access-control-allow-origin']).toBe(origin)
  })

  it('a function that does not say at once who may read is told, and lets nobody', async () => {
    const told: unknown[] = []
    const origin = (async () => true) as unknown as () => boolean
    const handler = fileHandler(() => null, {
      headers: cors({ origin }),
      onError: (error) => told.push(error),
    })
    const { status, headers } = await handler(
      new Request('http://host/', { headers: { origin: app } }),
    )
    expect([status, headers.get('access-control-allow-origin')]).toEqual([503, null])
    expect(told).toEqual([new TypeError('Expected origin() to give a boolean, got Promise')])
  })

  it('a maxAge that is no number of seconds is refused at once', () => {
    expect(() => cors({ maxAge: -1 })).toThrow(RangeError)
  })
})

describe.runIf(executablePath)('in a browser, across two origins', () => {
  let media: Server
  let page: Server
  const seen: string[] = []

  beforeAll(async () => {
    const listener = nodeListener(() => source, {
      headers: (answer, request) =>
        cors({ origin: (origin) => origin === originOf(page) })(answer, request),
    })
    media = createServer((incoming, outgoing) => {
      seen.push(`${incoming.method} ${incoming.headers.range ?? '-'}`)
      void listener(incoming, outgoing)
    })
    page = createServer((_, outgoing) => outgoing.setHeader('content-type', 'text/html').end('<p>'))
    for (const server of [media, page]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    }
  })

  afterAll(() => {
    for (const server of [media, page]) server.close()
  })

  it('a script reads ranges, conditions and the fields that it needs', async () => {
    seen.length = 0
    const browser = await launchChromium()
    try {
      const tab = await browser.newPage()
      await tab.goto(originOf(page))
      const ask = (headers: Record<string, string>) =>
        tab.evaluate(
          async ([url, headers]) => {
            const response = await fetch(url, { headers, cache: 'no-store' })
            const shown = ['accept-ranges', 'content-range', 'content-length', 'etag']
            const body = await response.arrayBuffer()
            return [
              response.status,
              body.byteLength,
              ...shown.map((name) => response.headers.get(name)),
            ]
          },
          [originOf(media), headers] as const,
        )
      expect(await ask({ Range: 'bytes=0-9' })).toEqual([
        206,
        10,
        'bytes',
        'bytes 0-9/1000',
        '10',
        '"v1"',
      ])
      // A browser asks beforehand about all but a simple range.
      expect(seen.splice(0)).toEqual(['GET bytes=0-9'])
      expect(await ask({ Range: 'bytes=-5' })).toEqual([
        206,
        5,
        'bytes',
        'bytes 995-999/1000',
        '5',
        '"v1"',
      ])
      expect(seen.splice(0)).toEqual(['OPTIONS -', 'GET bytes=-5'])
      expect(await ask({ Range: 'bytes=2-', 'If-Range': '"v1"', 'If-Match': '*' })).toEqual([
        206,
        998,
        'bytes',
        'bytes 2-999/1000',
        '998',
        '"v1"',
      ])
      expect(await ask({ Range: 'bytes=1000-' })).toEqual([416, 0, null, 'bytes */1000', '0', null])
      await tab.goto(originOf(page).replace('127.0.0.1', 'localhost'))
      const refused = tab.evaluate((url) => fetch(url).then(String, String), originOf(media))
      expect(await refused).toBe('TypeError: Failed to fetch')
    } finally {
      await browser.close()
    }
  })
})

function originOf(server: Server): string {
  const address = server.address()
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
}

describe('contentDisposition', () => {
  it.each([
    ['film.mp4', 'filename="film.mp4"'],
    ['Blade Runner (1982).mp4', 'filename="Blade Runner (1982).mp4"'],
    ["it's.mp4", 'filename="it\'s.mp4"'],
    ['a;b=c.txt', 'filename="a;b=c.txt"'],
    ['\u00dcbung.pdf', 'filename="Ubung.pdf"; filename*=UTF-8\'\'%C3%9Cbung.pdf'],
    ['e\u0301te\u0301.pdf', 'filename="ete.pdf"; filename*=UTF-8\'\'e%CC%81te%CC%81.pdf'],
    ['\u20ac rates.pdf', 'filename="_ rates.pdf"; filename*=UTF-8\'\'%E2%82%AC%20rates.pdf'],
    ['\u{1f3ac}.mp4', 'filename="_.mp4"; filename*=UTF-8\'\'%F0%9F%8E%AC.mp4'],
    ['"quoted"', 'filename="_quoted_"; filename*=UTF-8\'\'%22quoted%22'],
    ["*'()", 'filename="*\'()"'],
    ["\u00e4*'()", "filename=\"a*'()\"; filename*=UTF-8''%C3%A4%2A%27%28%29"],
    ['100%41.txt', 'filename="100%41.txt"; filename*=UTF-8\'\'100%2541.txt'],
    ['100%.txt', 'filename="100%.txt"'],
    ['a/b\\c', 'filename="a_b_c"'],
    ['a\r\nSet-Cookie: b', 'filename="a__Set-Cookie: b"'],
    ['\0\x7f\x85', 'filename="___"'],
    ['\ud800.txt', 'filename="_.txt"; filename*=UTF-8\'\'%EF%BF%BD.txt'],
    // Compatibility forms of a quote and a slash.
    ['\uff02\uff0f', 'filename="__"; filename*=UTF-8\'\'%EF%BC%82%EF%BC%8F'],
    ['', 'filename=""'],
  ])('%j', (name, expected) => {
    expect(contentDisposition('attachment', name)).toBe(`attachment; ${expected}`)
    expect(contentDisposition('inline', name)).toBe(`inline; ${expected}`)
    const value = contentDisposition('inline', name)
    expect(new Headers({ value }).get('value')).toBe(value)
  })

  it('is of the last segment of a path', () => {
    expect(attachment('a/b (1).mp4')).toEqual({
      'content-disposition': 'attachment; filename="b (1).mp4"',
    })
  })
})
