import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { decodeEntities } from '../adapters/http/entities.ts'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import {
  type Entry,
  type FileTree,
  type SiteOptions,
  site,
  toRelativePath,
} from '../adapters/site.ts'
import { fileHandler } from '../src/serve.ts'
import * as chromium from './support/chromium.ts'
import { launchChromium } from './support/chromium.ts'
import { findClient } from './support/clients.ts'
import { run } from './support/process.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { settle, until } from './support/wait.ts'

const DATE = new Date('2024-05-06T07:08:09Z')

/** A folder that holds these names; those that end in a slash are folders. */
function treeOf(names: readonly string[]): FileTree {
  return {
    open: (path) => (path === '' || names.includes(`${path}/`) ? 'directory' : null),
    async *list(path) {
      if (path !== '') return
      for (const name of names) yield entryOf(name)
    },
  }
}

function entryOf(name: string): Entry {
  return name.endsWith('/')
    ? { name: name.slice(0, -1), kind: 'directory', lastModified: DATE }
    : { name, kind: 'file', size: 1234, lastModified: DATE }
}

function list(
  tree: FileTree,
  headers: Record<string, string> = {},
  url = '/',
  options: SiteOptions = { listing: true, index: false },
): Promise<Response> {
  return fileHandler(site(tree, options))(new Request(`http://host${url}`, { headers }))
}

async function namesOf(response: Response): Promise<string[]> {
  const entries: { name: string }[] = await response.json()
  return entries.map(({ name }) => name)
}

const HOSTILE = [
  '<script>alert(1)</script>.mp4',
  '"onmouseover="alert(1)',
  "it's & <b>.mp4",
  'javascript:alert(1)',
  'http:',
  '//evil.example',
  'a\nb\r\nSet-Cookie: c=d',
  'tab\tand \x7f and \x85',
  '\u202egnp.exe',
  '\u05e9\u05dc\u05d5\u05dd.mp4',
  '100%.mp4',
  '%2e%2e%2f',
  '?query#fragment',
  ' leading and trailing ',
  '\u{1f3ac} \u65e5\u672c.mp4',
  'a\\b',
  'lone \ud800',
  '..',
  '.hidden',
  '\u2028',
  '</table></body>',
]

describe('a listing', () => {
  it('is a page, by default', async () => {
    const response = await list(treeOf(['b.mp4', 'a/', 'c.txt']))
    const {
      'content-security-policy': policy,
      etag,
      ...headers
    } = Object.fromEntries(response.headers)
    expect(headers).toEqual({
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
    })
    expect(etag).toMatch(/^W\/"[\w-]+"$/)
    const page = await response.text()
    expect(policy).toBe(
      `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`,
    )
    expect(page.slice(page.indexOf('<h1>'))).toBe(`<h1>Index of <bdi>/</bdi></h1>
<table>
<tr><td><bdi><a href="a/">a/</a></bdi></td><td></td><td>2024-05-06 07:08</td></tr>
<tr><td><bdi><a href="b.mp4">b.mp4</a></bdi></td><td>1.2 kB</td><td>2024-05-06 07:08</td></tr>
<tr><td><bdi><a href="c.txt">c.txt</a></bdi></td><td>1.2 kB</td><td>2024-05-06 07:08</td></tr>
</table>
`)
  })

  const json = `[
{"name":"a","type":"directory","mtime":"Mon, 06 May 2024 07:08:09 GMT"},
{"name":"b.mp4","type":"file","mtime":"Mon, 06 May 2024 07:08:09 GMT","size":1234}
]
`

  it.each<[SiteOptions['listing'], string, string, 'html' | 'json']>([
    [true, '/', '', 'html'],
    [true, '/', '*/*', 'html'],
    [true, '/', 'text/html, application/json;q=0.9', 'html'],
    [true, '/', 'application/json', 'json'],
    [true, '/', 'application/json, text/html;q=0.5', 'json'],
    [true, '/', 'text/html, application/json', 'html'],
    // Of a script: JSON is named, and all else will do.
    [true, '/', 'application/json, text/plain, */*', 'json'],
    [true, '/', 'application/json, text/*', 'json'],
    // `*/*` is of HTML, too (RFC 9110 §12.5.1).
    [true, '/', 'application/json;q=0.5, */*', 'html'],
    [true, '/', 'application/json;q=0.5, text/*', 'html'],
    [true, '/', 'application/json;q=0.5, */*;q=0.5', 'json'],
    [true, '/', 'text/html;q=0.1, text/*, */*', 'json'],
    [true, '/', 'text/html;q=0, */*', 'json'],
    [true, '/', 'application/*', 'json'],
    [true, '/', 'application/json;q=0', 'html'],
    [true, '/', 'image/png', 'html'],
    [true, '/?format=json', 'text/html', 'json'],
    [true, '/?x=1&format=html', 'application/json', 'html'],
    ['html', '/?format=json', 'application/json', 'html'],
    ['json', '/', 'text/html', 'json'],
  ])('%s, asked by %s and Accept: %s, is %s', async (listing, url, accept, expected) => {
    const response = await list(treeOf(['b.mp4', 'a/']), { accept }, url, { listing, index: false })
    const type = response.headers.get('content-type')
    const vary = response.headers.get('vary')
    expect([type, vary]).toEqual([
      expected === 'json' ? 'application/json' : 'text/html; charset=utf-8',
      listing === true ? 'Accept' : null,
    ])
    if (expected === 'json') expect(await response.text()).toBe(json)
  })

  it.each([
    [
      ['film 10', 'film 9', 'film 1', 'Film 2'],
      ['film 1', 'Film 2', 'film 9', 'film 10'],
    ],
    [
      ['b', 'a/', 'A', 'c/'],
      ['a', 'c', 'A', 'b'],
    ],
    [
      ['\u00e9t\u00e9', 'ete', 'z', 'e'],
      ['e', 'ete', '\u00e9t\u00e9', 'z'],
    ],
    [
      ['e\u0301', '\u00e9'],
      ['e\u0301', '\u00e9'],
    ],
    [[], []],
  ])('sorts %j', async (names, expected) => {
    const ask = (names: readonly string[]) => list(treeOf(names), { accept: 'application/json' })
    expect(await namesOf(await ask(names))).toEqual(expected)
    // However a store gives them.
    expect(await namesOf(await ask(names.toReversed()))).toEqual(expected)
  })

  it('makes hostile names harmless, and leaves out what no URL can name', async () => {
    const found = HOSTILE.filter((name) => !/[\\/\ud800]|^\./.test(name))
    const page = await (await list(treeOf(HOSTILE))).text()
    const links = Array.from(page.matchAll(/<a href="([^"]*)">/g), ([, link]) => link ?? '')
    expect(links.map(decodeURIComponent).toSorted()).toEqual(found.toSorted())
    for (const link of links) {
      const url = new URL(link, 'http://host/a/b/')
      expect(url.href.startsWith('http://host/a/b/') && url.search + url.hash).toBe('')
    }
    const rest = page
      .replace(/<style>.*<\/style>/s, '')
      .replace(/<\/?(?:a|bdi|t[dr]|table|body|html|head|h1|title|meta)\b[^<>]*>/g, '')
    expect(rest.replace('<!doctype html>', '')).not.toMatch(/[<>]|\p{Cc}(?<!\n)/u)
    const names = await namesOf(await list(treeOf(HOSTILE), { accept: 'application/json' }))
    expect(names.toSorted()).toEqual(found.toSorted())
  })

  it('has links that Kodi takes for entries: their text is their name, without tags', async () => {
    const page = await (await list(treeOf([...HOSTILE, 'folder/']))).text()
    const links = Array.from(page.matchAll(/<a href="([^"]*)">(.*?)<\/a>/g))
    const shown = links.map(([, , text = '']) => decodeEntities(text))
    const named = links.map(([, link = '']) => decodeURIComponent(link))
    expect(named.map((name) => name.replace(/\p{Cc}/gu, '\ufffd'))).toEqual(shown)
    expect(shown).toContain('folder/')
  })

  it('has links that end where any quotes do, as fsspec reads them', async () => {
    const page = await (await list(treeOf(["John's film.mp4", "it's/"]))).text()
    const links = Array.from(page.matchAll(/<a href=["']([^"']+)/g), ([, link]) => link)
    expect(links).toEqual(['it%27s/', 'John%27s%20film.mp4'])
  })

  it('links to what a site then finds, whatever it is called', async () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((text) => text.replace(/[/\\\0\ufffd]|^\./gu, ''))
      .filter((text) => !/\p{Cs}/u.test(text) && text !== '')
    await fc.assert(
      fc.asyncProperty(name, async (name) => {
        const page = await (await list(treeOf([name]))).text()
        const [, link = ''] = /<a href="([^"]*)">/.exec(page) ?? []
        expect(toRelativePath(new URL(link, 'http://host/').href)).toBe(name)
        expect(await namesOf(await list(treeOf([name]), {}, '/?format=json'))).toEqual([name])
      }),
    )
  })

  it('says no time where a store gives none that is one', async () => {
    const tree: FileTree = {
      open: () => 'directory',
      async *list() {
        yield { name: 'a', kind: 'file', size: 1, lastModified: new Date(Number.NaN) }
        yield { name: 'b', kind: 'file', size: 1, lastModified: new Date(0) }
      },
    }
    expect(await (await list(tree, {}, '/?format=json')).json()).toEqual([
      { name: 'a', type: 'file', size: 1 },
      { name: 'b', type: 'file', mtime: 'Thu, 01 Jan 1970 00:00:00 GMT', size: 1 },
    ])
    const page = await (await list(tree)).text()
    expect(page.match(/<td>[^<]*<\/td><\/tr>/g)).toEqual([
      '<td></td></tr>',
      '<td>1970-01-01 00:00</td></tr>',
    ])
  })

  it('names its folder, and links to the one above, but not to one above the root', async () => {
    const tree: FileTree = { open: () => 'directory', async *list() {} }
    const page = async (url: string) => (await list(tree, {}, url)).text()
    const inside = await page('/a/%3Cb%3E/')
    expect(inside).toContain('<title>Index of /a/&#60;b&#62;/</title>')
    expect(inside).toContain('<a href="../">../</a>')
    expect(await page('/')).not.toContain('<a ')
  })

  // GDAL reads only a page whose title is the path of its URL.
  it.each<[how: string, title: string, options: SiteOptions, url: string, originalUrl?: string]>([
    ['below a base', '/data/geo/', { base: '/data/' }, '/data/geo/?t=1'],
    ['at a base', '/data/', { base: '/data/' }, '/data//'],
    [
      'below an encoded base',
      '/my films/&#60;b&#62;/',
      { base: '/my%20films/' },
      '/my%20films/%3Cb%3E/',
    ],
    ['below a mount', '/data/geo/', {}, '/geo/?t=1', '/data/geo/?t=1'],
    ['at a mount', '/data/', {}, '/?t=1', '/data/?t=1'],
    ['in a mount of a mount', '/&#60;a&#62;/b/geo/', {}, '/geo/', '/%3Ca%3E/b//geo/'],
    [
      'below a base in a mount',
      '/data/maps/geo/',
      { base: '/maps/' },
      '/maps/geo/',
      '/data/maps/geo/',
    ],
    ['in a proxy', '/data/geo/', {}, '/geo/?t=1', 'http://user@elsewhere:8080/data/geo/?t=1'],
    ['where a URL was rewritten', '/maps/', {}, '/geo/', '/maps/?at=geo'],
    ['where a path was rewritten', '/maps/', {}, '/geo/', '/maps/'],
    ['of an absolute form', '/data/geo/', {}, 'http://host/geo/', 'http://host/data/geo/'],
    ['where the mount is no name', '/\ufffda%2fb/geo/', {}, '/geo/', '/a%2fb/geo/'],
    ['where none is told', '/geo/', {}, '/geo/'],
  ])('%s is called %s', async (_how, title, options, url, originalUrl) => {
    const tree: FileTree = { open: () => 'directory', async *list() {} }
    const lookup = site<readonly unknown[]>(tree, { listing: true, index: false, ...options })
    const listener = nodeListener(lookup)
    const server = createServer((incoming, outgoing) => {
      listener(Object.assign(incoming, { url, originalUrl }), outgoing)
    })
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text()
    expect([...page.matchAll(/Index of (?:<bdi>)?(.*?)<\//g)].map(([, path]) => path)).toEqual([
      title,
      title,
    ])
    expect(page.includes('<a href="../">')).toBe(title !== '/data/')
  })

  it('is not sent again while nothing has changed', async () => {
    const ask = async (tree: FileTree, tag = '', accept = 'text/html') => {
      const response = await list(tree, { accept, 'if-none-match': tag })
      const { length } = await response.text()
      return { status: response.status, etag: response.headers.get('etag') ?? '', length }
    }
    const first = await ask(treeOf(['a', 'b']))
    expect(await ask(treeOf(['b', 'a']), first.etag)).toEqual({
      status: 304,
      etag: first.etag,
      length: 0,
    })
    expect((await ask(treeOf(['a', 'b']), `"x", ${first.etag.slice(2)}`)).status).toBe(304)
    // RFC 9110 §13.1.2: whatever version there is.
    expect((await ask(treeOf(['a', 'b']), '*')).status).toBe(304)
    for (const changed of [treeOf(['a', 'c']), treeOf(['a', 'b', 'c']), treeOf(['a', 'b/'])]) {
      expect((await ask(changed, first.etag)).status).toBe(200)
    }
    expect((await ask(treeOf(['a', 'b']), first.etag, 'application/json')).status).toBe(200)
  })

  it('of a store of keys is there if a key is, and always at the root', async () => {
    const flat = (keys: readonly Entry[]): FileTree => ({
      isFlat: true,
      open: () => null,
      async *list(path) {
        if (path === '' || path === 'films') yield* keys
      },
    })
    const statusOf = async (tree: FileTree, url: string) => (await list(tree, {}, url)).status
    const some = flat([entryOf('a.mp4')])
    expect(await statusOf(some, '/films/')).toBe(200)
    expect(await statusOf(some, '/films')).toBe(308)
    expect(await statusOf(some, '/songs/')).toBe(404)
    expect(await statusOf(some, '/songs')).toBe(404)
    expect(await statusOf(flat([]), '/')).toBe(200)
    expect(await statusOf(flat([]), '/films/')).toBe(404)
  })

  it('is off by default, and gives way to an index', async () => {
    const index = { size: 5, read: () => new TextEncoder().encode('index') }
    const tree: FileTree = {
      open: (path) => (path === 'index.html' ? index : path === '' ? 'directory' : null),
      async *list() {},
    }
    expect((await list(treeOf(['a']), {}, '/', {})).status).toBe(404)
    expect(await (await list(tree, {}, '/', { listing: true })).text()).toBe('index')
  })

  it('that can not be read is a 503', async () => {
    const tree: FileTree = {
      open: () => 'directory',
      // biome-ignore lint/correctness/useYield: it fails before
      async *list() {
        throw new Error('EIO')
      },
    }
    const errors: unknown[] = []
    const handler = fileHandler(site(tree, { listing: true }), {
      onError: (error) => errors.push(error),
    })
    expect((await handler(new Request('http://host/'))).status).toBe(503)
    expect(errors).toEqual([new Error('EIO')])
  })

  it('asks for no more once its client is gone', async () => {
    let given = 0
    const tree: FileTree = {
      open: () => 'directory',
      async *list() {
        for (;;) yield entryOf(`${given++}.mp4`)
      },
    }
    const ends: unknown[] = []
    const lookup = site(tree, { listing: true, index: false })
    const server = createServer(nodeListener(lookup, { onServed: ({ error }) => ends.push(error) }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => given > 2000)
    client.destroy()
    await until(() => ends.length > 0)
    const counted = given
    await settle()
    expect([ends.length, given]).toEqual([1, counted])
  })

  it('HEAD says the same, and makes no page', async () => {
    const handler = fileHandler(site(treeOf(['a']), { listing: true }))
    const [get, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => handler(new Request('http://host/', { method }))),
    )
    expect([head?.status, await head?.text(), [...(head?.headers ?? [])]]).toEqual([
      200,
      '',
      [...(get?.headers ?? [])],
    ])
  })
})

describe('a listing of 20 000 files', () => {
  const COUNT = 20_000

  /** Of names of 60 characters, in no order. */
  const large: FileTree = {
    open: (path) => (path === '' ? 'directory' : null),
    async *list() {
      for (let i = 0; i < COUNT; i++) {
        const number = (i * 7919) % COUNT
        const name = `${number} ${'of a name that is as long as many are '.padEnd(50, 'x')}.mp4`
        yield { name, kind: 'file', size: number, lastModified: DATE }
      }
    },
  }

  it('is sorted, whole, and lets others run all the while', async () => {
    let turns = 0
    const beat = setInterval(() => turns++)
    const response = await list(large, { accept: 'application/json' })
    const entries: { name: string; size: number }[] = await response.json()
    clearInterval(beat)
    expect(entries.map(({ size }) => size)).toEqual(entries.map((_, i) => i))
    // A pause after every 512 of them, while they are collected and while they are sent.
    expect(turns).toBeGreaterThan(COUNT / 1000)
  })

  it('is never held as a whole page', async () => {
    const answer = await site(large, { listing: true })(new Request('http://host/'))
    let length = 0
    let largest = 0
    // As it is made: what a response gives is cut to small pieces, whatever they were.
    for await (const chunk of Object(answer).stream()) {
      length += chunk.length
      largest = Math.max(largest, chunk.length)
    }
    expect(length).toBeGreaterThan(150 * COUNT)
    expect(largest).toBeLessThan(200_000)
  })

  it('is written ahead of a client that stops reading: no entry is held for it', async () => {
    let written = 0
    class Counting extends Date {
      override toJSON(): string {
        written++
        return super.toJSON()
      }
    }
    const tree: FileTree = {
      ...large,
      async *list(path) {
        for await (const entry of large.list?.(path) ?? []) {
          yield { ...entry, lastModified: new Counting(DATE) }
        }
      },
    }
    const answer = await site(tree, { listing: true })(new Request('http://host/'))
    const hashed = written
    const stream: ReadableStream<Uint8Array> = Object(answer).stream()
    await stream.getReader().read()
    await until(() => written === 2 * hashed)
  })

  it('stops when its client is gone', async () => {
    const response = await list(large)
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(await reader?.read()).toEqual({ value: undefined, done: true })
  })
})

const NAMES = [
  'film.mp4',
  'a b & c.txt',
  "it's 100%.txt",
  '\u00fcn\u00efc\u00f6d\u00e9 \u{1f3ac}.txt',
  'a:b.txt',
  '#1?.txt',
  '[x] (y).txt',
  '+plus.txt',
  'folder/inner.txt',
  'folder/deep er/leaf.txt',
  'empty.txt',
]

describe('clients that read listings', () => {
  const root = temporaryDirectory()
  const outside = temporaryDirectory()
  let server: Server
  let url = ''

  beforeAll(async () => {
    for (const name of [...NAMES, '.hidden.txt', '.git/config']) {
      const path = join(root, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, name === 'empty.txt' ? '' : `content of ${name}`)
      utimesSync(path, DATE, DATE)
    }
    server = createServer(nodeListener(nodeDirectory(root, { listing: true, base: '/pub/' })))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}/pub/` : ''
  })

  afterAll(() => new Promise((resolve) => server.close(resolve)))

  const rclone = findClient('rclone')
  it.runIf(rclone)('rclone lists all, reads a part, and copies', async () => {
    const config = ['--http-url', url, '--config', '/dev/null']
    const { stdout } = await run(rclone ?? '', ['lsf', '-R', '--files-only', ':http:', ...config])
      .ended
    expect(stdout.trim().split('\n').toSorted()).toEqual(NAMES.toSorted())
    const part = ['cat', ':http:film.mp4', '--offset', '3', '--count', '4', ...config]
    expect((await run(rclone ?? '', part).ended).stdout).toBe('tent')
    const to = join(outside, 'rclone')
    await run(rclone ?? '', ['copy', ':http:', to, ...config]).ended
    expect(filesOf(to)).toEqual(filesOf(root))
  })

  const wget = findClient('wget')
  it.runIf(wget)('wget -r gets all', async () => {
    const to = join(outside, 'wget')
    const args = [
      '-r',
      '-np',
      '-nH',
      '--cut-dirs=1',
      '-q',
      '--reject=index.html*',
      '-e',
      'robots=off',
    ]
    await run(wget ?? '', [...args, '--restrict-file-names=nocontrol', '-P', to, url]).ended
    expect(filesOf(to)).toEqual(filesOf(root))
  })

  const httpdirfs = findClient('httpdirfs')
  const fusermount = httpdirfs && findClient('fusermount')
  it.runIf(fusermount)('httpdirfs mounts it', async ({ skip }) => {
    const at = join(outside, 'mounted')
    mkdirSync(at, { recursive: true })
    const cache = join(outside, 'cache')
    const mount = run(httpdirfs ?? '', ['-f', '--cache-location', cache, url, at])
    try {
      const isMounted = () => readFileSync('/proc/mounts', 'utf8').includes(at)
      const ended = mount.ended.then(({ stderr }) => stderr)
      await until(() => isMounted() || !mount.isAlive())
      if (!isMounted()) return skip(`this machine can mount nothing: ${await ended}`)
      const { stdout } = await run('ls', ['-1', at]).ended
      expect(stdout.trim().split('\n').toSorted()).toEqual(
        // It shows no empty files.
        [...new Set(NAMES.map((name) => name.split('/')[0] ?? ''))]
          .filter((name) => name !== 'empty.txt')
          .toSorted(),
      )
      const read = await run('cat', [join(at, 'folder', 'deep er', 'leaf.txt')]).ended
      expect(read.stdout).toBe('content of folder/deep er/leaf.txt')
    } finally {
      await run(fusermount ?? '', ['-u', '-z', at]).ended
      await mount.stop()
    }
  })

  it.runIf(chromium.executablePath)(
    'a browser shows it in both schemes, and follows it',
    async () => {
      const browser = await launchChromium()
      try {
        const page = await browser.newPage()
        const complaints: string[] = []
        page.on('console', (message) => complaints.push(message.text()))
        const colours: string[] = []
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          await page.goto(url)
          const colour = 'getComputedStyle(document.querySelector("h1")).color'
          colours.push(String(await page.evaluate(colour)))
        }
        expect(new Set(colours).size).toBe(2)
        await page.getByText('folder/', { exact: true }).click()
        await page.getByText('deep er/', { exact: true }).click()
        expect(await page.title()).toBe('Index of /pub/folder/deep er/')
        await page.getByText('../').click()
        expect(await page.title()).toBe('Index of /pub/folder/')
        // The browser itself asks for an icon, which the policy forbids.
        expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([])
      } finally {
        await browser.close()
      }
    },
  )
})

/** The files below a folder that are not hidden, with what is in them. */
function filesOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
  const files = paths
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !/(?:^|\/)\./.test(path))
  return Object.fromEntries(
    files.toSorted().map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  )
}
