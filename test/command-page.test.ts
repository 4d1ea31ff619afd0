import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { RootDirectory } from '../adapters/local/root-directory.ts'
import { devices } from '../adapters/local/shared.ts'
import { nodeDirectory } from '../adapters/node.ts'
import { describeFile, listFolder } from '../command/listing.ts'
import { Views } from '../command/page/events.ts'
import type { Shelf } from '../command/page/library.ts'
import { withPage } from '../command/page/page.ts'
import { type FileLookup, fileHandler } from '../src/index.ts'
import { run } from './support/process.ts'
import { compile } from './support/tools.ts'

const exchange = compile('exchange')
const made: string[] = []

afterAll(() => {
  // Not rmSync, which gives up on paths longer than the system takes.
  execFileSync('rm', ['-r', '-f', ...made])
})

/** A directory with these files, each with its own path as its content. */
function makeRoot(...paths: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'byteserve-page-'))
  made.push(root)
  for (const path of paths) {
    if (path.includes('/')) mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), path)
  }
  return root
}

function shelfOf(root: string): Shelf {
  const below = new RootDirectory(root, 'inside', devices)
  return {
    list: (path) => listFolder(below, path),
    describe: (path) => describeFile(below, path),
  }
}

function pageOf(
  root: string,
  views = new Views(),
  hasArchives = false,
  shelf = shelfOf(root),
): FileLookup {
  return withPage({
    files: nodeDirectory(root, { listing: true }),
    shelf,
    name: 'films & <more>',
    scheme: 'http',
    hasArchives,
    views,
  })
}

/** Where the page of a sub-folder is, if nobody says something else. */
const HERE = 'http://host/sub/'
const HTML = { headers: { accept: 'text/html,*/*' } }

/** Asks as a browser does. */
async function ask(root: string, path: string): Promise<Response> {
  return fileHandler(pageOf(root), { onError() {} })(new Request(`http://host${path}`, HTML))
}

async function listPaths(root: string, path = ''): Promise<string[]> {
  const paths: string[] = []
  for await (const entries of shelfOf(root).list(path)) {
    for (const { name, kind } of entries) paths.push(kind === 'directory' ? `${name}/` : name)
  }
  return paths.sort()
}

describe('a folder', () => {
  test('is listed without hidden files, and links that lead out or nowhere', async () => {
    const root = makeRoot('film.mp4', '.hidden.mp4', '.git/a.mp4', 'c\\d.mp4', 'sub/x', 'a b%.mp4')
    const outside = makeRoot('secret.mp4', 'folder/secret.mp4')
    symlinkSync('.', join(root, 'loop'))
    symlinkSync('..', join(root, 'sub', 'up'))
    symlinkSync('self', join(root, 'self'))
    symlinkSync('film.mp4', join(root, 'latest.mp4'))
    symlinkSync(join(outside, 'secret.mp4'), join(root, 'out.mp4'))
    symlinkSync(join(outside, 'folder'), join(root, 'out'))
    symlinkSync('nowhere', join(root, 'dead.mp4'))
    spawnSync('mkfifo', [join(root, 'fifo.mp4')])
    symlinkSync(root, join(outside, 'root'))
    const expected = ['a b%.mp4', 'film.mp4', 'latest.mp4', 'sub/']
    expect(await listPaths(root)).toEqual(expected)
    expect(await listPaths(join(outside, 'root'))).toEqual(expected)
    expect(await listPaths(root, 'sub')).toEqual(['x'])
  })

  test('outside the root is none, and its files are not described', async () => {
    const root = makeRoot('film.mp4')
    const outside = makeRoot('secret.mp4')
    symlinkSync(outside, join(root, 'out'))
    symlinkSync(join(outside, 'secret.mp4'), join(root, 'out.mp4'))
    await expect(listPaths(root, 'out')).rejects.toThrow()
    expect((await ask(root, '/out/')).status).toBe(404)
    const described = ['film.mp4', 'out.mp4', 'out/secret.mp4', 'nope.mp4'].map(async (path) => {
      return (await shelfOf(root).describe(path))?.size ?? null
    })
    expect(await Promise.all(described)).toEqual(['film.mp4'.length, null, null, null])
  })

  test.runIf(exchange)('gives no names from outside while it is swapped for a link', async () => {
    const root = makeRoot('sub/inside.mp4')
    const outside = makeRoot('secret.mp4')
    symlinkSync(outside, join(root, 'link'))
    const swapping = run(exchange ?? '', [join(root, 'sub'), join(root, 'link'), '50'])
    onTestFinished(() => swapping.stop())
    await swapping.says(/(begun)/)
    const found = new Set<string>()
    for (let i = 0; i < 1000; i++) {
      const names = await listPaths(root, 'sub').catch(() => [])
      for (const name of names) found.add(name)
    }
    expect([...found]).toEqual(['inside.mp4'])
  })

  test('is listed whole, however many files it has', async () => {
    const names = Array.from({ length: 1200 }, (_, i) => `${i}.txt`)
    expect(await listPaths(makeRoot(...names))).toEqual(names.sort())
  })

  test('that is none is not found; a root that is gone is a 503, until it is back', async () => {
    const root = makeRoot('film.mp4', 'sub/x.txt')
    const answer = await fileHandler(pageOf(root), { onError() {} })
    const statusOf = async (path: string) =>
      (await answer(new Request(`http://host${path}`, HTML))).status
    expect(
      await Promise.all(
        ['/sub/', '/nope/', '/film.mp4/', '/..%2f/', '/nope/?playlist'].map(statusOf),
      ),
    ).toEqual([200, 404, 404, 404, 404])
    renameSync(root, `${root}.away`)
    const gone = await statusOf('/')
    renameSync(`${root}.away`, root)
    expect([gone, await statusOf('/')]).toEqual([503, 200])
  })

  test('is found without its slash, and nothing else is', async () => {
    const root = makeRoot('a/b c/film.mp4', 'film.mp4')
    const answers = await Promise.all(
      ['/a', '/a/b%20c?q=x', '/film.mp4', '/nope', '/%2e%2e'].map(async (path) => {
        const { status, headers } = await ask(root, path)
        const place = headers.get('location')
        return [status, place && new URL(place, `http://host${path}`).href]
      }),
    )
    expect(answers).toEqual([
      [308, 'http://host/a/'],
      [308, 'http://host/a/b%20c/?q=x'],
      [200, null],
      [404, null],
      [200, null],
    ])
  })

  test('shows its index.html, if it has one', async () => {
    const root = makeRoot('index.html', 'sub/index.html', 'other/film.mp4')
    const texts = ['/', '/sub/', '/other/'].map(async (path) => (await ask(root, path)).text())
    expect((await Promise.all(texts)).map((text) => text.slice(0, 15))).toEqual([
      'index.html',
      'sub/index.html',
      '<!doctype html>',
    ])
  })

  test('that is too deep does not hide the others', async () => {
    const root = makeRoot('deep/film.mp4', 'film.mp4')
    // Below some depth a path is longer than the system takes, even from root.
    const script = 'for i in $(seq 30); do mkdir $1 && cd $1 && : >film.mp4 || exit; done'
    spawnSync('sh', ['-c', script, 'sh', 'x'.repeat(200)], { cwd: join(root, 'deep') })
    const html = await (await ask(root, '/')).text()
    const count = Number(/(\d+) videos/.exec(html)?.[1])
    expect(count).toBeGreaterThan(10)
    expect(count).toBeLessThan(25)
  })
})

describe('the page', () => {
  test('leads to every file by its name, whatever that is', async () => {
    const names = [
      "'quoted'.mp4",
      '"double".mp4',
      '#1.mp4',
      '%41.mp4',
      '100%.mp4',
      '<b>&amp;.mp4',
      'a b.mp4',
      'a+b.mp4',
      'a:b.mp4',
      'new\nline.mp4',
      'what?.mp4',
      '<∕span><script>alert(1)<∕script>.mp4',
      'übung.mp4',
      'u\u0308bung.mp4',
      '日本.mp4',
      '🎬.mp4',
      'sub/#?%.mp4',
    ]
    const others = names.filter((name) => !name.includes('/')).map((name) => `${name}.txt`)
    const root = makeRoot(...names, ...others)
    const html = await (await ask(root, '/')).text()
    const links = [...html.matchAll(/<a (?:class="video" )?href="([^"]+)"[^>]*>(.*?)<\/a>/gs)]
    const files = links.filter(([, , inner = '']) => inner.includes('class="name"'))
    const served = await Promise.all(
      files.map(async ([, href = '']) => (await ask(root, `/${href}`)).text()),
    )
    expect(served.sort()).toEqual([...names, ...others].sort())
    const shown = files.map(([, , inner = '']) => {
      return decodeEntities(/class="name" dir="auto">(.*?)<\/span>/s.exec(inner)?.[1] ?? '')
    })
    const titles = names.map((name) => name.replace('sub/', '').replace('.mp4', ''))
    expect(shown.sort()).toEqual([...titles, ...others].sort())
    expect(html.match(/<script/g)).toEqual(['<script'])
  })

  test('takes no name for markup, wherever it stands', async () => {
    const name = `<b>"it's" &amp; &#38;`
    const root = makeRoot(
      `${name}/one/${name}.mp4`,
      `${name}/one/${name}.en.vtt`,
      `${name}/one/x.txt`,
    )
    const text = '&#60;b&#62;&#34;it&#39;s&#34; &#38;amp; &#38;#38;'
    const html = await (await ask(root, '/')).text()
    expect(html).toContain(`<h2 dir="auto">${text} / one</h2>`)
    expect(html).toContain(`<title>films &#38; &#60;more&#62;</title>`)
    expect(html).toContain(`<span class="name" dir="auto">${text}</span>`)
    // Whichever quotes whoever reads it looks for.
    expect(html).toContain(`/%3Cb%3E%22it%27s%22%20%26amp%3B%20%26%2338%3B.mp4"`)
    // Where scripts do not run.
    expect(html).toContain(` aria-label="${text}" playsinline><track kind="subtitles" srclang="en"`)
    expect(html.replace(/<script.*?<\/script>|<style.*?<\/style>/gs, '')).not.toMatch(/<b>["&]/)
    const sub = await (
      await ask(root, `/${encodeURIComponent(name)}/?q=${encodeURIComponent(name)}`)
    ).text()
    expect(sub).toContain(`value="${text}"`)
    expect(sub).toContain(`<title>${text}</title>`)
  })

  test('is asked for anew, says nothing of itself, and loads nothing from elsewhere', async () => {
    const response = await ask(makeRoot('übung.mp4'), '/')
    const policy = response.headers.get('content-security-policy') ?? ''
    const html = await response.text()
    const hashes = ['style', 'script'].map((tag) => {
      const [, text = ''] = new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 's').exec(html) ?? []
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    })
    expect({
      cache: response.headers.get('cache-control'),
      referrer: response.headers.get('referrer-policy'),
      vary: response.headers.get('vary'),
      policy: policy.split('; '),
      end: html.slice(-8),
    }).toEqual({
      cache: 'no-cache',
      referrer: 'no-referrer',
      vary: 'accept',
      policy: [
        "default-src 'none'",
        "media-src 'self'",
        "img-src 'self' data:",
        "frame-src 'self'",
        "connect-src 'self'",
        `style-src ${hashes[0]}`,
        `script-src ${hashes[1]}`,
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
      ],
      end: '</html>\n',
    })
  })

  test('has a script that needs nothing but itself and the browser', () => {
    const file = join(makeRoot(), 'script.js')
    // As it is built: Vitest rewrites imports.
    const built = new URL('../dist/command/page/browser/script.js', import.meta.url)
    const print = `import { SCRIPT } from '${built}'; process.stdout.write(SCRIPT)`
    writeFileSync(file, execFileSync('node', ['--input-type=module', '--eval', print]))
    const compiler = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url))
    const flags = '--ignoreConfig --noEmit --allowJs --checkJs --target es2022 --lib es2023,dom'
    const { stdout } = spawnSync(compiler, [...flags.split(' '), file], { encoding: 'utf8' })
    // Without types much is unclear, but not what is called what.
    const unknown = stdout.split('\n').filter((line) => /Cannot find name|Duplicate/.test(line))
    expect([stdout === '', unknown]).toEqual([false, []])
  })

  test('of an empty folder says what to do, of a search that found nothing what was looked for', async () => {
    const root = makeRoot()
    expect(await (await ask(root, '/')).text()).toContain('There is nothing here yet')
    expect(await (await ask(root, '/?q=%3Cb')).text()).toContain('Nothing here is called “&#60;b”.')
  })

  test('of a folder has relative links, the way back, and its sub-folders', async () => {
    const root = makeRoot(
      'Films/Aa/Aa.mp4',
      'Films/notes.txt',
      'Films/B/C/c.mp4',
      'Films/manual.pdf',
    )
    const html = await (await ask(root, '/Films/')).text()
    const hrefs = [...html.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, href]) => href)
    expect(hrefs).toEqual([
      '#shelf',
      '../',
      './',
      'Aa/Aa.mp4',
      '?playlist',
      'B/',
      'Aa/Aa.mp4',
      'B/C/c.mp4',
      'manual.pdf',
      'notes.txt',
      './',
    ])
  })

  test('is in pages, which keep what was asked for', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `${i}.mp4`)
    const html = await (await ask(makeRoot(...names), '/?q=mp4&sort=size&page=2')).text()
    expect(html).toContain('<a rel="prev" href="?q=mp4&#38;sort=size">Previous page</a>')
    expect(html).toContain('<span>Page 2 of 2</span>')
    expect(html.match(/class="video"/g)?.length).toBe(50)
    const wrong = await (await ask(makeRoot(...names), '/?page=-1&sort=nonsense')).text()
    expect(wrong).toContain('<span>Page 1 of 2</span>')
  })

  test.each([
    [300, '/?page=9', '<span>Page 2 of 2</span>', 50],
    [300, '/?page=999&q=mp4', '<a rel="prev" href="?q=mp4">Previous page</a>', 50],
    [1, '/?page=2', '<span>1 video</span>', 1],
    [0, '/?page=2', 'There is nothing here yet', 0],
  ])('of %i films has its last page in the place of those behind: %s', async (count, target, text, shown) => {
    const root = makeRoot(...Array.from({ length: count }, (_, i) => `${i}.mp4`))
    const html = await (await ask(root, target)).text()
    expect(html).toContain(text)
    expect(html.match(/class="video"/g)?.length ?? 0).toBe(shown)
  })

  test('of a film has its captions; SubRip comes as WebVTT', async () => {
    const root = makeRoot('film.mp4', 'film.vtt')
    writeFileSync(join(root, 'film.de.srt'), '1\n00:00:01,000 --> 00:00:02,000\nJa\n')
    const html = await (await ask(root, '/')).text()
    const tracks = [...html.matchAll(/<track [^>]*>/g)].map(([track]) => track)
    expect(tracks).toEqual([
      '<track kind="subtitles" srclang="de" label="German" src="film.de.srt?vtt">',
      '<track kind="captions" label="Captions" src="film.vtt">',
    ])
    const captions = await ask(root, '/film.de.srt?vtt')
    expect([captions.headers.get('content-type'), await captions.text()]).toEqual([
      'text/vtt; charset=utf-8',
      'WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nJa\n',
    ])
    const untouched = await (await ask(root, '/film.de.srt')).text()
    expect(untouched).toContain('00:00:01,000')
  })

  test.each([
    ['an empty folder', [], []],
    ['no media', ['x.txt'], ['?zip']],
    ['media', ['a.mp4', 'sub/x.txt'], ['?playlist', '?zip']],
    ['an empty folder, without archives', [], []],
    ['no media, without archives', ['x.txt'], []],
    ['media, without archives', ['a.mp4'], ['?playlist']],
  ])('leads to the whole of %s', async (what, paths, links) => {
    const lookup = pageOf(makeRoot(...paths), new Views(), !what.includes('without'))
    const html = await (await fileHandler(lookup)(new Request('http://host/', HTML))).text()
    const counts = /<div id="counts">.*<\/div>/.exec(html)?.[0] ?? ''
    const buttons = Array.from(counts.matchAll(/<form><button name="(\w+)">/g), ([, name]) => name)
    const hrefs = Array.from(counts.matchAll(/href="([^"]*)"/g), ([, href]) => href)
    expect([...hrefs, ...buttons.map((name) => `?${name}`)]).toEqual(links)
    const found = await fileHandler(lookup)(new Request('http://host/?q=a', HTML))
    expect(await found.text()).not.toMatch(/href="\?(?:zip|playlist)|<form><button/)
  })

  test.each([
    ['/sub//', '/sub/'],
    ['//sub/?q=a%20b', '/sub/?q=a%20b'],
    ['/sub//deep///', '/sub/deep/'],
    ['//', '/'],
  ])('of %s is at %s, wherever the root is', async (path, place) => {
    const root = makeRoot('sub/a.mp4', 'sub/deep/b.mp4')
    const { status, headers } = await ask(root, path)
    const location = headers.get('location') ?? ''
    const under = (prefix: string) => new URL(location, `http://host${prefix}${path}`).href
    expect([status, under(''), under('/my')]).toEqual([
      308,
      `http://host${place}`,
      `http://host/my${place}`,
    ])
  })

  test('has a playlist of all that is played', async () => {
    const root = makeRoot('a b.mp4', 'sub/c.mp3', 'x.txt')
    const handler = fileHandler(pageOf(root))
    const request = new Request('http://host:81/?playlist', { headers: { host: 'host:81' } })
    const response = await handler(request)
    expect([response.headers.get('content-type'), await response.text()]).toEqual([
      'audio/x-mpegurl',
      '#EXTM3U\n#EXTINF:-1,a b\nhttp://host:81/a%20b.mp4\n#EXTINF:-1,sub: c\nhttp://host:81/sub/c.mp3\n',
    ])
  })

  test.each([
    ['its page', { referer: 'http://host/sub/' }, HERE],
    [
      'its page, behind a proxy that is known by another name',
      { referer: 'https://films.example/my/sub/?sort=date', 'sec-fetch-site': 'same-origin' },
      'https://films.example/my/sub/',
    ],
    ['nowhere', {}, HERE],
    ['a page of another site', { referer: 'https://evil.example/' }, HERE],
    [
      'a page of another site, as the browser says',
      { referer: 'https://evil.example/', 'sec-fetch-site': 'cross-site' },
      HERE,
    ],
    ['what is no page', { referer: 'host/sub/' }, HERE],
    ['another page of the server', { referer: 'http://host/' }, HERE],
    [
      'another page behind the proxy',
      { referer: 'https://films.example/dash', 'sec-fetch-site': 'same-origin' },
      HERE,
    ],
    ['no page at all', { referer: 'data:text/html,x', 'sec-fetch-site': 'same-origin' }, HERE],
    ['who asks for a host that is none', { host: 'host:99999' }, HERE],
    ['who asks for no host', { host: '' }, HERE],
  ])('has the addresses of the page in its playlist, for who comes from %s', async (_what, fields, base) => {
    const handler = fileHandler(pageOf(makeRoot('sub/c d.mp3')))
    const headers = { host: 'host', ...fields }
    const response = await handler(new Request('http://host/sub/?playlist', { headers }))
    expect(await response.text()).toBe(`#EXTM3U\n#EXTINF:-1,c d\n${base}c%20d.mp3\n`)
    expect(response.headers.get('vary')).toBe('referer')
  })

  test('is made once for all who ask at once', async () => {
    const lookup = pageOf(makeRoot('a.mp4'))
    const request = new Request('http://host/', HTML)
    const [first, second] = await Promise.all([lookup(request), lookup(request)])
    expect(first).toBe(second)
    expect(await lookup(request)).not.toBe(first)
  })

  test('of a crowd costs one listing', async () => {
    const root = makeRoot(...Array.from({ length: 300 }, (_, i) => `${i % 20}/${i}.mp4`))
    const shelf = shelfOf(root)
    const listed: string[] = []
    const counted: Shelf = {
      ...shelf,
      list(path) {
        listed.push(path)
        return shelf.list(path)
      },
    }
    const handler = fileHandler(pageOf(root, new Views(), false, counted))
    const etag = async () => (await handler(new Request('http://host/', HTML))).headers.get('etag')
    const etags = await Promise.all(Array.from({ length: 50 }, etag))
    expect(new Set(etags).size).toBe(1)
    // The root, and each folder in it.
    expect(listed.length).toBe(21)
  })
})

test('programs get a listing of a folder, as HTML or JSON', async () => {
  const root = makeRoot('film.mp4')
  const handler = fileHandler(pageOf(root))
  const textFor = async (accept: string) => {
    const request = new Request('http://host/', { headers: { accept } })
    return (await handler(request)).text()
  }
  expect(await textFor('*/*')).toContain('<a href="film.mp4">')
  expect(await textFor('*/*')).toContain('Index of')
  expect(JSON.parse(await textFor('application/json'))).toMatchObject([
    { name: 'film.mp4', type: 'file', size: 8 },
  ])
  expect(await textFor('text/html')).toContain('<div id="player">')
})

test('a root that became a file is a 503, for people and programs', async () => {
  const root = makeRoot('film.mp4')
  const handler = fileHandler(pageOf(root), { onError() {} })
  rmSync(root, { recursive: true })
  writeFileSync(root, '')
  const statuses = [HTML, {}].map(async (init) => {
    return (await handler(new Request('http://host/', init))).status
  })
  expect(await Promise.all(statuses)).toEqual([503, 503])
})

function decodeEntities(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
}
