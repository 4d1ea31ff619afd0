import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { httpTree, OriginError } from '../adapters/http.ts'
import type { Entry } from '../adapters/site/tree.ts'

/** What the other server answers. */
let answer: { status?: number; type?: string; body?: string } = {}
const asked: string[] = []
const server = createServer((incoming, outgoing) => {
  asked.push(`${incoming.url} ${incoming.headers.accept}`)
  const { status = 200, type = 'text/html', body = '' } = answer
  outgoing.writeHead(status, { 'content-type': type }).end(body)
})
let base: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/films/`
})
afterAll(() => void server.close())
beforeEach(() => {
  asked.length = 0
})

async function list(path = '', options = {}): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of httpTree(base, options).list?.(path) ?? []) entries.push(entry)
  return entries
}

const file = (name: string, facts: object = {}) => ({ name, kind: 'file', ...facts })
const folder = (name: string) => ({ name, kind: 'directory' })

const NGINX = `<html><head><title>Index of /films/</title></head><body>
<h1>Index of /films/</h1><hr><pre><a href="../">../</a>
<a href="a%20%26%20b/">a &amp; b/</a>                  30-Nov-2026 16:01                   -
<a href="film.mp4">film.mp4</a>                        29-Nov-2026 08:30             1234567
</pre><hr></body></html>`

const APACHE = `<title>Index of /films</title><h1>Index of /films</h1><table>
<tr><th><a href="?C=N;O=D">Name</a></th></tr>
<tr><td><a href="/">Parent Directory</a></td></tr>
<tr><td><a href="film.mp4"><img src="/icons/movie.gif"></a></td>
<td><A class=x HREF='film.mp4'>film.mp4</A></td><td>2026-11-29 08:30</td><td>1.2M</td></tr>
</table>`

const IIS = `<html><head><title>h - /films/</title></head><body><H1>h - /films/</H1><hr>
<pre><A HREF="/">[To Parent Directory]</A><br><br> 1/2/2024  1:00 PM  &lt;dir&gt;
<A HREF="/films/new/">new</A><br> 1/2/2024  1:00 PM  12 <A HREF="/films/a.mp4">a.mp4</A></pre>`

const JETTY = `<title>Directory: /films/</title><h1 class="title">Directory: /films/</h1>
<a href="/films/new/">new/&nbsp;</a><a href="/films/a.mp4">a.mp4&nbsp;</a>`

const MINISERVE = `<title>/</title><h1 class="title">h</h1><a href="?sort=name&order=asc">Name</a>
<a class="directory" href="/films/new/">new</a><a class="file" href="/films/a.mp4">a.mp4</a>`

const CADDY = `<title>films</title><a href="..">Up</a>
<a href="./new/"><span class="name">new</span></a><a href="./x%3Ay.mp4">x:y.mp4</a>`

describe('a folder of another server', () => {
  it.each<[what: string, page: string, entries: object[]]>([
    [
      'nginx',
      NGINX,
      [
        folder('a & b'),
        file('film.mp4', { size: 1234567, lastModified: new Date('2026-11-29T08:30Z') }),
      ],
    ],
    ['Apache', APACHE, [file('film.mp4')]],
    ['Caddy', CADDY, [folder('new'), file('x:y.mp4')]],
    ['IIS', IIS, [folder('new'), file('a.mp4')]],
    [
      'IIS, at the root',
      '<H1>h - /</H1><hr><pre>12 <A HREF="/films/a.mp4">a.mp4</A></pre>',
      [file('a.mp4')],
    ],
    ['Jetty', JETTY, [folder('new'), file('a.mp4')]],
    ['miniserve', MINISERVE, [folder('new'), file('a.mp4')]],
    ['an empty one', '<h1>Index of /films/</h1>', []],
    [
      'Python',
      '<title>Directory listing for /films/</title><li><a href="%E6%97%A5.txt">日.txt</a>',
      [file('日.txt')],
    ],
    [
      'links in single quotes, or in none',
      "<h1>Index of /films/</h1><a href='a.txt'>a</a><a href=b.txt>b</a><a class=x href=c.txt >c</a>",
      [file('a.txt'), file('b.txt'), file('c.txt')],
    ],
    [
      'links that lead elsewhere',
      `<h1>Index of /</h1><a href="/films/a">a</a><a href="/other/b">b</a><a href="//host/films/c">c</a>
      <a href="d/e">e</a><a href="f?g">f</a><a href="..%2fh">h</a><a href="%ff">i</a><a href="javascript:j">j</a>
      <a href="http://[">k</a><a href="%2e%2e/">l</a>`,
      [file('a')],
    ],
  ])('is listed as %s shows it', async (_what, body, entries) => {
    answer = { body }
    expect(await list()).toEqual(entries)
    expect(asked).toEqual(['/films/ application/json, */*;q=0.1'])
  })

  it('is listed by its JSON', async () => {
    const items = [
      { name: 'new', type: 'directory', mtime: 'Sun, 29 Nov 2026 08:30:00 GMT' },
      { name: 'a b.mp4', type: 'file', mtime: 'Sun, 29 Nov 2026 08:30:00 GMT', size: 5 },
      { name: 'c', type: 'file', mtime: 'never', size: -1 },
      { name: '..', type: 'directory' },
      { name: 'd/e', type: 'file' },
      { name: 'pipe', type: 'other' },
      null,
    ]
    answer = { type: 'application/json', body: JSON.stringify(items) }
    expect(await list('more & more')).toEqual([
      folder('new'),
      file('a b.mp4', { size: 5, lastModified: new Date('2026-11-29T08:30Z') }),
      file('c'),
    ])
    expect(asked).toEqual(['/films/more%20%26%20more/ application/json, */*;q=0.1'])
  })

  it('may be the JSON of Caddy', async () => {
    const items = [
      { name: 'new/', size: 60, mod_time: '2026-11-29T08:30:00.5Z', is_dir: true },
      { name: 'a b.mp4', size: 5, mod_time: '2026-11-29T08:30:00.5Z', is_dir: false },
    ]
    answer = { type: 'application/json; charset=utf-8', body: JSON.stringify(items) }
    expect(await list()).toEqual([
      folder('new'),
      file('a b.mp4', { size: 5, lastModified: new Date('2026-11-29T08:30:00.5Z') }),
    ])
  })

  it('that was redirected is listed as its new page links to it', async () => {
    const fetch = async (url: string) => {
      const location = `${base}new/`
      if (!url.endsWith('/new/')) return new Response(null, { status: 301, headers: { location } })
      return new Response('<h1>Index of /</h1><a href="/films/new/a">a</a><a href="b">b</a>')
    }
    expect(await list('old', { fetch })).toEqual([file('a'), file('b')])
  })

  it.each<[what: string, type: string, body: string]>([
    ['page', 'text/html', `<h1>Index of /</h1>${'<a href="a">'.repeat(20_000)}`],
    ['JSON', 'application/json', `[${'{},'.repeat(20_000)}{"name":"a","type":"file"}]`],
  ])('lets others run while it is read from a long %s', async (_what, type, body) => {
    let isRead = false
    let turns = 0
    const next = () => {
      turns++
      if (!isRead) setTimeout(next)
    }
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(body))
        controller.close()
        // All of it is there.
        setTimeout(next)
      },
    })
    const fetch = async () => new Response(stream, { headers: { 'content-type': type } })
    const entries = await list('', { fetch })
    isRead = true
    expect(entries).toEqual([file('a')])
    expect(turns).toBeGreaterThan(10)
  })

  it('is none, if it says so', async () => {
    answer = { status: 404 }
    expect(await list()).toEqual([])
    answer = { status: 403 }
    expect(await list('', { missing: [403] })).toEqual([])
  })

  it.each([
    [{ status: 403 }, 'Expected a listing, got status 403'],
    [
      { body: '<h1>Films</h1><a href="film.mp4">Film</a>' },
      'Expected a listing, got something else',
    ],
    ...['<h1>Directory: our staff</h1>', '<a href="?sort=price">Price</a>', '<h1>a - /b</h1>'].map(
      (body): [typeof answer, string] => [
        { body: `${body}<a href="film.mp4">Film</a>` },
        'Expected a listing, got something else',
      ],
    ),
    [{ type: 'application/json', body: '{}' }, 'Expected a listing, got something else'],
    [{ type: 'application/json', body: '[' }, 'Expected a listing, got something else'],
    // Express's serve-index, and what an API may say
    ...[
      '["a.mp4", "b"]',
      '[{"error":"denied"}]',
      '[{"name":"Ann","type":"admin"}]',
      '[1]',
      '[{"name":"a","type":{"toString":1}}]',
    ].map((body): [typeof answer, string] => [
      { type: 'application/json', body },
      'Expected a listing, got something else',
    ]),
  ])('%j can not be listed', async (given, reason) => {
    answer = given
    await expect(list()).rejects.toThrow(new OriginError(502, base, reason))
  })

  it.each([
    ['goes on and on', Infinity, 'got more than 33554432 bytes'],
    ['breaks off', 3, 'got a part of one'],
  ])('that %s is none', async (_what, chunks, reason) => {
    let given = 0
    const body = new ReadableStream({
      pull(controller) {
        if (given++ < chunks) controller.enqueue(new Uint8Array(1_000_000).fill(32))
        else controller.error(new Error('reset'))
      },
    })
    const options = { fetch: async () => new Response(body) }
    await expect(list('', options)).rejects.toThrow(reason)
    expect(given).toBeLessThan(40)
  })

  it.each([
    '<a href="x">',
    '<h1 ',
    '<title>  ',
    '<a href=',
    '<a "',
    '</a ',
    '<a href="&#x',
  ])('takes no time that grows with the square of a page: %s', async (text) => {
    const many = text.repeat(1_000_000 / text.length)
    answer = { body: `${many}><h1>Index of /</h1><a href="x">` }
    expect(await list()).toContainEqual(file('x'))
  })
})
