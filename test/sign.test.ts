import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { signed, signUrl, withoutSignature } from '../adapters/sign.ts'
import { redirect } from '../src/answer.ts'
import type { FileLookup } from '../src/lookup.ts'
import { fileHandler } from '../src/serve.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import { countingSource, someBytes } from './support/counting-source.ts'
import { areInstalled } from './support/installed.ts'

const KEY = 'a key of sixteen bytes, or more'
const OTHER = 'another key, of as many bytes'
const NOW = Date.UTC(2026, 0)
const HOUR = 3_600_000

/** What the lookup is asked, and what the answer is. */
async function ask(
  url: string,
  { method = 'GET', keys = [KEY], headers = {} }: Partial<Asked> = {},
): Promise<{ status: number; seen: string[] }> {
  const seen: string[] = []
  const lookup: FileLookup = (request) => {
    seen.push(request.url)
    return countingSource(someBytes(10))
  }
  const { status } = await answerOf(signed(lookup, keys), url, method, headers)
  return { status, seen }
}

interface Asked {
  readonly method: string
  readonly keys: readonly string[]
  readonly headers: Record<string, string>
}

async function answerOf(
  lookup: FileLookup,
  url: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<Response> {
  const response = await fileHandler(lookup, { onError: () => {} })(
    new Request(new URL(url, 'http://localhost'), { method, headers }),
  )
  await response.bytes()
  return response
}

function at(now: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now })
  onTestFinished(() => void vi.useRealTimers())
}

const GRANTED: [url: string, scope?: string][] = [
  ['/a.mp4'],
  ['/films/a.mp4'],
  ['/films/a.mp4?v=2'],
  ['/films/a.mp4?v=2&v=3&&x'],
  ['/films/%C3%A4%20b.mp4'],
  ['/films/a+b&c=d.mp4'],
  ['/films/a%25b.mp4'],
  ['/films/'],
  ['/~ann/a.mp4'],
  ['/~ann/films/a.mp4', '/~ann/'],
  ['/'],
  ['http://localhost/films/a.mp4'],
  ['/films/a/index.m3u8', '/films/a/'],
  ['/films/a/index.m3u8?v=2', '/films/'],
  ['/films/a/index.m3u8', '/'],
  ['/films/a/', '/films/a/'],
  ['/my%20films/a.mp4', '/my films/'],
  ['/my%20films/a.mp4', '/my%20films/'],
  ['http://localhost/films/a/index.m3u8', '/films/'],
]

describe('a signed URL', () => {
  it.each(GRANTED)('grants %s, scope %s, and the lookup does not see it', async (url, scope) => {
    const link = await signUrl(url, KEY, { scope })
    expect(await ask(link)).toEqual({ status: 200, seen: [new URL(url, 'http://localhost').href] })
    expect(withoutSignature(link)).toBe(url)
  })

  it('stays relative under nodeListener', async () => {
    const seen: string[] = []
    const lookup = signed((request) => {
      seen.push(request.url)
      return null
    }, KEY)
    for (const scope of [undefined, '/films/']) {
      const url = await signUrl('/films/a.mp4?v=2', KEY, { scope })
      await lookup({ method: 'GET', url, headers: new Headers() })
    }
    expect(seen).toEqual(['/films/a.mp4?v=2', '/films/a.mp4?v=2'])
  })

  it('looks like this', async () => {
    const options = { now: NOW }
    expect([
      await signUrl('/films/a.mp4', KEY, options),
      await signUrl('/films/a.mp4?v=2#t=1', KEY, options),
      await signUrl('https://a.example/films/a/b.m3u8', KEY, { ...options, scope: '/films/a/' }),
    ]).toEqual([
      expect.stringMatching(/^\/films\/a\.mp4\?signed=1767268800\.[\w-]{43}$/),
      expect.stringMatching(/^\/films\/a\.mp4\?v=2&signed=1767268800\.[\w-]{43}#t=1$/),
      expect.stringMatching(/^https:\/\/a\.example\/films\/a\/~1767268800\.[\w-]{43}\/b\.m3u8$/),
    ])
  })

  it('is for HEAD, too, and for no other method', async () => {
    const link = await signUrl('/a.mp4', KEY)
    expect((await ask(link, { method: 'HEAD' })).status).toBe(200)
    expect(await ask(link, { method: 'POST' })).toEqual({ status: 405, seen: [] })
    const post = { method: 'POST', url: link, headers: new Headers() }
    expect(await signed(() => null, KEY)(post)).toMatchObject({ status: 403 })
  })

  it('grants what is below its scope, and what is relative to it', async () => {
    const link = await signUrl('/films/a/index.m3u8', KEY, { scope: '/films/a/' })
    const page = new URL(link, 'http://localhost')
    for (const [relative, seen] of [
      ['1.ts', '/films/a/1.ts'],
      ['b/2.ts?v=3', '/films/a/b/2.ts?v=3'],
      ['./', '/films/a/'],
      ['?zip', '/films/a/index.m3u8?zip'],
    ] as const) {
      const { href } = new URL(relative, page)
      expect(await ask(href)).toEqual({ status: 200, seen: [`http://localhost${seen}`] })
    }
    for (const relative of ['../b/1.ts', '../index.m3u8', '../../x', '/films/a/1.ts']) {
      expect(await ask(new URL(relative, page).href)).toEqual({ status: 403, seen: [] })
    }
  })

  it('grants nothing above its scope, however that is spelled', async () => {
    const link = await signUrl('/films/a/index.m3u8', KEY, { scope: '/films/a/' })
    const seen: string[] = []
    const lookup = signed(({ url }) => {
      seen.push(url)
      return null
    }, KEY)
    for (const relative of [
      '../b',
      '.x/../../../b',
      'x/.y/../../../../b',
      '.x/%2e%2e/.y/../../b',
    ]) {
      const url = link.replace('index.m3u8', relative)
      // As Node hands it on.
      const found = await lookup({ method: 'GET', url, headers: new Headers() })
      expect([relative, found]).toEqual([relative, expect.objectContaining({ status: 403 })])
    }
    expect(seen).toEqual([])
  })

  it('may be spelled in another way, if it means the same path', async () => {
    const link = await signUrl('/films/a.mp4', KEY)
    for (const other of [
      link.replace('films', '%66ilms'),
      link.replace('/films', '/x/../films'),
      link.replace('/films', '/x/%2e%2E/films'),
    ]) {
      expect(await ask(other)).toEqual({
        status: 200,
        seen: [expect.stringMatching(/^http:\/\/localhost\/(?:films|%66ilms)\/a\.mp4$/)],
      })
    }
  })
})

const FILE = '/films/a.mp4?v=2'
const BELOW = '/films/a/b.ts'

/** What is done to a link for one file, or to one for all below `/films/a/`. */
const REFUSED: [what: string, attack: (file: string, below: string) => string][] = [
  ['no signature', () => FILE],
  ['another path', (file) => file.replace('a.mp4', 'b.mp4')],
  ['another case', (file) => file.replace('films', 'Films')],
  ['a slash more', (file) => file.replace('/a.mp4', '//a.mp4')],
  ['a slash at its end', (file) => file.replace('a.mp4', 'a.mp4/')],
  ['an encoded slash', (file) => file.replace('/a.mp4', '%2fa.mp4')],
  ['an encoded backslash', (file) => file.replace('/a.mp4', '%5ca.mp4')],
  ['a path encoded twice', (file) => file.replace('films', '%2566ilms')],
  ['bytes that are not UTF-8', (file) => file.replace('films', 'films%ff')],
  ['a line break', (file) => file.replace('a.mp4', 'a.mp4%0a')],
  ['another query', (file) => file.replace('v=2', 'v=3')],
  ['no query', (file) => file.replace('v=2&', '')],
  ['a further parameter', (file) => `${file}&zip`],
  ['a further parameter in front', (file) => file.replace('?', '?zip&')],
  ['two signatures', (file) => `${file}&${file.split('&').at(-1)}`],
  ['a second, empty signature', (file) => `${file}&signed=`],
  ['a parameter of another case', (file) => file.replace('signed=', 'Signed=')],
  ['an encoded parameter', (file) => file.replace('signed=', 'sign%65d=')],
  ['a later end', (file) => file.replace(/(\d)\./, (_, digit) => `${(Number(digit) + 1) % 10}.`)],
  ['no end', (file) => file.replace(/=\d+\./, '=.')],
  ['an end in another spelling', (file) => file.replace(/=(\d+)\./, '=0$1.')],
  ['a signature that is cut', (file) => file.slice(0, -1)],
  ['another signature', (file) => file.replace(/\.[\w-]{43}$/, `.${'A'.repeat(43)}`)],
  ['its token below', (file) => `/films/~${tokenOf(file)}/a.mp4?v=2`],
  ['a token of below in the query', (_file, below) => `${BELOW}?signed=${tokenOf(below)}`],
  ['an encoded token in the path', (_file, below) => below.replace('~', '%7E')],
  ['an encoded token in the query', (file) => file.replace('signed=', 'signed%3D')],
  ['a token one level up', (_file, below) => `/films/~${tokenOf(below)}/a/b.ts`],
  ['a token one level down', (_file, below) => `/films/a/b.ts/~${tokenOf(below)}/`],
  ['a token at the end, of what it is below of', (_file, below) => below.replace('/b.ts', '')],
  ['a token twice', (_file, below) => below.replace(/\/~[^/]+/, '$&$&')],
  ['dots above the token', (_file, below) => below.replace('b.ts', '../b.ts')],
  ['encoded dots above the token', (_file, below) => below.replace('b.ts', '%2e%2e/b.ts')],
  ['a folder whose name begins alike', (_file, below) => below.replace('/films/a/', '/films/ab/')],
]

function tokenOf(link: string): string {
  return /[1-9]\d+\.[\w-]{43}/.exec(link)?.[0] ?? ''
}

describe('403, without a call of the lookup', () => {
  it.each(REFUSED)('%s', async (_what, attack) => {
    const file = await signUrl(FILE, KEY)
    const below = await signUrl(BELOW, KEY, { scope: '/films/a/' })
    expect([(await ask(file)).status, (await ask(below)).status]).toEqual([200, 200])
    const url = attack(file, below)
    expect(await ask(url)).toEqual({ status: 403, seen: [] })
    expect(withoutSignature(url)).not.toMatch(/[1-9]\d+\.[\w-]{43}/)
  })

  it('any change of a character', async () => {
    const link = await signUrl(FILE, KEY)
    const change = fc.record({
      at: fc.nat(link.length - 1),
      by: fc.constantFrom(...'abcXYZ0189-_.~%/?&=+ ;'),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ at, by }) => {
        const other = link.slice(0, at) + by + link.slice(at + 1)
        const { status, seen } = await ask(other)
        // The last character has two bits to spare, and a few are the same in two spellings.
        const isSame = seen[0] === `http://localhost${FILE}`
        expect(isSame || status === 403).toBe(true)
        if (isSame) expect(new URL(other, 'http://localhost').pathname).toBe('/films/a.mp4')
      }),
      { numRuns: 500 },
    )
  })

  it('says nothing, and is not stored', async () => {
    const response = await answerOf(
      signed(() => null, KEY),
      '/a.mp4',
    )
    expect([response.status, ...response.headers]).toEqual([
      403,
      ['cache-control', 'no-store'],
      ['content-length', '0'],
    ])
  })
})

describe('its end', () => {
  it.each([
    ['12 h later', {}, NOW + 12 * HOUR],
    ['a Date', { expires: new Date(NOW + HOUR) }, NOW + HOUR],
    ['ms', { expires: NOW + HOUR }, NOW + HOUR],
    ['a fraction of a second, cut', { expires: NOW + HOUR + 999 }, NOW + HOUR],
  ])('%s', async (_what, options, end) => {
    const link = await signUrl('/a.mp4', KEY, { ...options, now: NOW })
    at(end - 1)
    expect((await ask(link)).status).toBe(200)
    vi.setSystemTime(end)
    expect((await ask(link)).status).toBe(403)
  })

  it('does not cut a response that has begun', async () => {
    const bytes = someBytes(3_000_000)
    at(NOW)
    const link = await signUrl('http://localhost/a.mp4', KEY, { expires: NOW + 1000 })
    const handler = fileHandler(signed(() => countingSource(bytes), KEY))
    const response = await handler(new Request(link))
    vi.setSystemTime(NOW + HOUR)
    expect((await response.bytes()).length).toBe(bytes.length)
  })
})

describe('keys', () => {
  it('are changed: both are taken, the first one signs', async () => {
    const [old, young] = [await signUrl('/a', OTHER), await signUrl('/a', [KEY, OTHER])]
    const statuses = async (...keys: string[]) => [
      (await ask(old, { keys })).status,
      (await ask(young, { keys })).status,
    ]
    expect(await statuses(KEY, OTHER)).toEqual([200, 200])
    expect(await statuses(KEY)).toEqual([403, 200])
    expect(await statuses(OTHER)).toEqual([200, 403])
  })

  it('may be bytes', async () => {
    const bytes = new TextEncoder().encode(KEY)
    expect((await ask(await signUrl('/a', bytes))).status).toBe(200)
  })

  it('may have 16 bytes', () => {
    expect(() => signed(() => null, '16 bytes are one')).not.toThrow()
  })

  it.each([
    ['none', []],
    ['an empty one', ''],
    ['a short one', '15 bytes are it'],
    ['a short one among others', [KEY, 'short']],
    ['undefined', undefined as unknown as string],
  ])('%s: refused', async (_what, keys) => {
    expect(() => signed(() => null, keys)).toThrow(TypeError)
    await expect(signUrl('/a', keys)).rejects.toThrow(TypeError)
  })
})

describe('signUrl refuses', () => {
  it.each([
    ['films/a.mp4'],
    ['//a.example/films/a.mp4'],
    ['/\\a.example/films/a.mp4'],
    ['/\t/a.example/films/a.mp4'],
    ['/films/..//a.example/a.mp4'],
    ['mailto:a@a.example'],
    [''],
    ['/a%2fb'],
    ['/a%ff'],
    ['/a%0a'],
    ['/a?signed=x'],
  ])('to sign %s', async (url) => {
    await expect(signUrl(url, KEY)).rejects.toThrow(TypeError)
  })

  it.each([
    [undefined, '/films/a.mp4?t=1'],
    ['/films/', '/films/a.mp4?t=1'],
  ])('to sign twice, and says so without the signature: scope %s', async (scope, url) => {
    const link = await signUrl(url, KEY, { scope })
    const message = `Expected a URL to sign, absolute or starting with one slash, got '${url}'`
    await expect(signUrl(link, KEY)).rejects.toThrow(new TypeError(message))
  })

  it('a scope that is signed, and says so without the signature', async () => {
    const link = await signUrl('/films/a/b.mp4', KEY, { scope: '/films/' })
    const signedFolder = link.slice(0, -'b.mp4'.length)
    for (const scope of [signedFolder, signedFolder.slice(0, -1)]) {
      const refused = signUrl('/films/a/b.mp4', KEY, { scope }).catch(({ message }) => message)
      expect(await refused).toMatch(
        /^Expected a scope above \/films\/a\/b.mp4, got '\/films\/a\/?'$/,
      )
    }
  })

  it.each(['/b/', '/films/a.mp4', 'films/', '/films'])('the scope %s', async (scope) => {
    await expect(signUrl('/films/a.mp4', KEY, { scope })).rejects.toThrow(TypeError)
  })

  it.each([
    0,
    -1,
    1_767_225_600,
    NOW,
    NOW + 999,
    1e15,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    new Date(Number.NaN),
  ])('the end %s', async (expires) => {
    await expect(signUrl('/a', KEY, { expires, now: NOW })).rejects.toThrow(RangeError)
  })

  it.each([
    [NOW, '2026-01-01T00:00:00.000Z'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [Number.NaN, 'NaN'],
  ])('the end %s, and tells it as a date', async (expires, got) => {
    const message = `Expected expires to be a time later than 2026-01-01T00:00:00.000Z, got ${got}`
    await expect(signUrl('/a', KEY, { expires, now: NOW })).rejects.toThrow(new RangeError(message))
  })
})

describe('what is found', () => {
  const open = async (found: ReturnType<FileLookup>) =>
    answerOf(
      signed(() => found, KEY),
      await signUrl('/a', KEY),
    )

  it('tells other sites no URL, unless it says otherwise', async () => {
    const policies = [
      await open(countingSource(someBytes(1))),
      await open(countingSource(someBytes(1), { headers: { 'Referrer-Policy': 'origin' } })),
      await open(redirect('/b')),
    ].map(({ headers }) => headers.get('referrer-policy'))
    expect(policies).toEqual(['no-referrer', 'origin', 'no-referrer'])
  })

  it('may be an object of a class', async () => {
    const file: FileSource = Object.create(countingSource(someBytes(10)))
    expect((await open(file)).status).toBe(200)
  })

  it('is closed if a field of it is none', async () => {
    const source = countingSource(someBytes(1), { headers: { 'no name': 'x' } })
    expect([(await open(source)).status, source.closes]).toEqual([503, 1])
  })

  it('may be nothing', async () => {
    expect((await open(null)).status).toBe(404)
    expect((await open(undefined)).status).toBe(404)
  })

  it('is found by a request that has all that it had, and the URL without its signature', async () => {
    const url = await signUrl('http://localhost/a', KEY)
    const client = new AbortController()
    const request = new Request(url, { headers: { range: 'bytes=0-0' }, signal: client.signal })
    const seen: RequestLike[] = []
    const lookup = signed((request) => {
      seen.push(request)
      return null
    }, KEY)
    await lookup(Object.assign(request, { user: 'anna' }))
    const { method, headers } = request
    await lookup(Object.freeze({ method, url: url.slice('http://localhost'.length), headers }))
    const [one, other] = seen
    if (!(one instanceof Request)) throw new Error('Expected a Request')
    expect([one.url, other?.url]).toEqual(['http://localhost/a', '/a'])
    expect([one.headers.get('range'), other?.headers.get('range')]).toEqual(
      Array(2).fill('bytes=0-0'),
    )
    expect(one).toMatchObject({ user: 'anna' })
    client.abort()
    expect([one.signal.aborted, other?.signal]).toEqual([true, undefined])
    // It can be sent on.
    expect(new Request(one).url).toBe('http://localhost/a')
  })

  it('gets the context of the host', async () => {
    const seen: unknown[] = []
    const lookup = signed((_request, env: string) => {
      seen.push(env)
      return null
    }, KEY)
    await fileHandler(lookup)(new Request(await signUrl('http://localhost/a', KEY)), 'env')
    expect(seen).toEqual(['env'])
  })
})

describe('the signature', () => {
  const cases: [string, string, object][] = [
    ['/films/%C3%A4.mp4?v=2', 'byteserve 1\nfile\n/films/ä.mp4\n?v=2\n1767268800', {}],
    ['/films/a/b.ts?v=2', 'byteserve 1\nbelow\n/films/a/\n\n1767268800', { scope: '/films/a/' }],
  ]

  it.each(cases)('of %s is an HMAC', async (url, message, options) => {
    const link = await signUrl(url, KEY, { ...options, now: NOW })
    const expected = createHmac('sha256', KEY).update(message).digest('base64url')
    expect(tokenOf(link)).toBe(`1767268800.${expected}`)
  })

  it.runIf(areInstalled('openssl')).each(cases)(
    'of %s is one to openssl',
    async (url, message, options) => {
      const link = await signUrl(url, KEY, { ...options, now: NOW })
      const args = ['dgst', '-sha256', '-hmac', KEY, '-binary']
      const digest = execFileSync('openssl', args, { input: message })
      expect(tokenOf(link)).toBe(`1767268800.${digest.toString('base64url')}`)
    },
  )
})
