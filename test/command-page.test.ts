import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { nodeDirectory } from '../adapters/node.ts'
import { listFiles } from '../command/listing.ts'
import { withPage } from '../command/page.ts'
import { renderPage } from '../command/page-html.ts'
import { fileHandler } from '../src/index.ts'
import { canCountHandles, openHandles } from './support/handles.ts'

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

async function listPaths(root: string): Promise<string[]> {
  const { files } = await listFiles(root)
  return files.map(({ path }) => path)
}

test('files are listed by folder, then by name, numbers by value', async () => {
  const root = makeRoot('b/1.mp4', 'a10.mp4', 'a9.mp4', 'a 2/x.mp4', 'a 10/x.mp4', 'B.mp4', 'b/c/1')
  writeFileSync(join(root, 'a-2.mp4'), '')
  writeFileSync(join(root, 'a.webm'), '')
  writeFileSync(join(root, 'a.mp4'), '')
  expect(await listPaths(root)).toEqual([
    'a.mp4',
    'a.webm',
    'a-2.mp4',
    'a9.mp4',
    'a10.mp4',
    'B.mp4',
    'a 2/x.mp4',
    'a 10/x.mp4',
    'b/1.mp4',
    'b/c/1',
  ])
})

test('names are listed as people sort them, and always in the same order', async () => {
  const names = ['a.mp4', 'a.WAV', 'a.webm', 'ö.mp4', '\u00fc.mp4', 'u\u0308.mp4', 'v.mp4', 'z.mp4']
  expect(await listPaths(makeRoot(...names.toReversed()))).toEqual(names)
})

test('no more than 20 000 names are looked at', async () => {
  const root = makeRoot(...Array.from({ length: 20_000 }, (_, i) => `.${i}`))
  const all = await listFiles(root)
  writeFileSync(join(root, '.one more'), '')
  expect([all, await listFiles(root)]).toEqual([
    { files: [], isCut: false },
    { files: [], isCut: true },
  ])
})

test('hidden files, loops, and links that lead out or nowhere are not listed', async () => {
  const root = makeRoot(
    'film.mp4',
    '.hidden.mp4',
    '.git/a.mp4',
    '.well-known/b',
    'c\\d.mp4',
    'sub/x',
  )
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
  const expected = ['film.mp4', 'latest.mp4', 'sub/x']
  expect(await listPaths(root)).toEqual(expected)
  expect(await listPaths(join(outside, 'root'))).toEqual(expected)
})

test('a folder that can not be read does not hide the others', async () => {
  const root = makeRoot('deep/film.mp4', 'film.mp4')
  // Below some depth a path is longer than the system takes, even from root.
  const script = 'for i in $(seq 30); do mkdir $1 && cd $1 && : >film.mp4 || exit; done'
  spawnSync('sh', ['-c', script, 'sh', 'x'.repeat(200)], { cwd: join(root, 'deep') })
  const paths = await listPaths(root)
  expect(paths.slice(0, 2)).toEqual(['film.mp4', 'deep/film.mp4'])
  expect(paths.length).toBeGreaterThan(10)
  expect(paths.length).toBeLessThan(25)
})

test('no more than 2000 files are listed, and the page says so', async () => {
  const root = makeRoot('z.mp4', ...Array.from({ length: 1999 }, (_, i) => `a/${i}`))
  const all = await listFiles(root)
  // What is not listed anyway is not missing.
  mkdirSync(join(root, 'b', 'c'), { recursive: true })
  writeFileSync(join(root, 'b', '.hidden'), '')
  writeFileSync(join(root, 'b', 'c', '.hidden'), '')
  const listed = await listFiles(root)
  writeFileSync(join(root, 'a', 'one more'), '')
  const most = await listFiles(root)
  expect([all, listed, most].map(({ files, isCut }) => [files.length, isCut])).toEqual([
    [2000, false],
    [2000, false],
    [2000, true],
  ])
  expect(renderPage(most)).toContain('There are more files than the 2000 listed here')
})

test('those near the root are listed first', async () => {
  const names = ['a', 'b', 'c'].flatMap((folder) => [
    `${folder}/1`,
    `${folder}/d/1`,
    `${folder}/d/2`,
  ])
  const { files } = await listFiles(makeRoot(...names), 5)
  const near = files.filter(({ folder }) => !folder.endsWith('/d'))
  expect(near.map(({ href }) => href)).toEqual(['a/1', 'b/1', 'c/1'])
})

test('a root that can not be read is a 503, not an empty page', async () => {
  const root = makeRoot('film.mp4')
  const errors: unknown[] = []
  const handler = fileHandler(withPage(root, nodeDirectory(root)), {
    onError: (error) => errors.push(error),
  })
  for (const spoil of [() => rmSync(root, { recursive: true }), () => writeFileSync(root, '')]) {
    errors.length = 0
    spoil()
    const response = await handler(new Request('http://host/'))
    expect([response.status, await response.text(), errors.length]).toEqual([503, '', 1])
  }
})

test('the page comes back with its root', async () => {
  const root = makeRoot('film.mp4')
  const handler = fileHandler(withPage(root, nodeDirectory(root)), { onError() {} })
  const ask = async () => (await handler(new Request('http://host/'))).status
  renameSync(root, `${root}.away`)
  const without = await ask()
  renameSync(`${root}.away`, root)
  expect([without, await ask()]).toEqual([503, 200])
})

test('all who ask at once get one page', async () => {
  const root = makeRoot('a.mp4')
  const lookup = withPage(root, nodeDirectory(root))
  const request = new Request('http://host/')
  const [first, second] = await Promise.all([lookup(request), lookup(request)])
  expect(first).toBe(second)
  expect(await lookup(request)).not.toBe(first)
})

test.runIf(canCountHandles)('all who ask at once get one listing', async () => {
  const root = makeRoot(...Array.from({ length: 300 }, (_, i) => `${i % 20}/${i}.mp4`))
  const handler = fileHandler(withPage(root, nodeDirectory(root)))
  const ask = async () => (await handler(new Request('http://host/'))).headers.get('etag')
  let most = 0
  let isAsking = true
  const asked = Promise.all(Array.from({ length: 50 }, ask)).finally(() => {
    isAsking = false
  })
  while (isAsking) {
    await new Promise(setImmediate)
    most = Math.max(most, openHandles(root))
  }
  expect([most, new Set(await asked).size]).toEqual([1, 1])
})

test('every name is shown as it is, and leads to its file', async () => {
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
    '</template><script>alert(1)</script>'.replaceAll('/', '∕').concat('.mp4'),
    'übung.mp4',
    'u\u0308bung.mp4',
    '日本.mp4',
    '🎬.mp4',
    'sub/#?%.mp4',
  ]
  const root = makeRoot(...names, ...names.map((name) => `other/${name}.txt`))
  const handler = fileHandler(withPage(root, nodeDirectory(root)))
  const html = await (await handler(new Request('http://host/'))).text()
  const links = [
    ...html.matchAll(/<a (?:class="video" )?href="([^"]+)"><span dir="auto">(.*?)<\/span>/gs),
  ]
  const served = await Promise.all(
    links.map(async ([, href = '']) => {
      const response = await handler(new Request(new URL(href, 'http://host/')))
      return response.text()
    }),
  )
  expect(served.sort()).toEqual([...names, ...names.map((name) => `other/${name}.txt`)].sort())
  const shown = links.map(([, , text = '']) => decodeEntities(text))
  expect(shown.sort()).toEqual(
    [
      ...names.map((name) => name.replace('sub/', '')),
      ...names.map((name) => `other/${name}.txt`),
    ].sort(),
  )
  const players = [...html.matchAll(/<template><video [^>]*src="([^"]+)"/g)].map(([, src]) => src)
  expect(players.sort()).toEqual(
    links
      .filter(([link]) => link.includes('class'))
      .map(([, href]) => href)
      .sort(),
  )
  expect(html.match(/<script/g)).toEqual(['<script'])
})

test('no name is taken for markup, wherever it stands', async () => {
  const name = `<b>"it's" &amp; &#38;`
  const html = renderPage(await listFiles(makeRoot(`${name}/${name}.mp4`)))
  const text = '&#60;b&#62;&#34;it&#39;s&#34; &#38;amp; &#38;#38;'
  expect(html).toContain(`<h2 dir="auto">${text}</h2>`)
  expect(html).toContain(`<h1 id="title" dir="auto" aria-live="polite">${text}.mp4</h1>`)
  // In the template that a click takes, and where scripts do not run.
  expect(html.split(` aria-label="${text}.mp4" playsinline></video>`).length).toBe(3)
})

test('the page is asked for anew, says nothing of itself, and loads nothing from elsewhere', async () => {
  const root = makeRoot('übung.mp4')
  const handler = fileHandler(withPage(root, nodeDirectory(root)))
  const response = await handler(new Request('http://host/'))
  const policy = response.headers.get('content-security-policy') ?? ''
  expect({
    cache: response.headers.get('cache-control'),
    referrer: response.headers.get('referrer-policy'),
    policy: policy.replace(/sha256-[\w+/=]+/g, 'HASH').split('; '),
    end: (await response.text()).slice(-8),
  }).toEqual({
    cache: 'no-cache',
    referrer: 'no-referrer',
    policy: [
      "default-src 'none'",
      "media-src 'self'",
      "img-src 'self' data:",
      "style-src 'HASH'",
      "script-src 'HASH'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'self'",
    ],
    end: '</html>\n',
  })
})

test('a song is played once, by a player of its own', async () => {
  const html = renderPage(await listFiles(makeRoot('song.mp3', 'a.aep')))
  expect(html.match(/<li><a [^>]*href="[^"]+"/g)).toEqual([
    '<li><a class="audio" href="song.mp3"',
    '<li><a href="a.aep"',
  ])
  expect(html).not.toContain('playsinline')
})

test('media stand in a section for each folder, the other files in the last', async () => {
  const sectionsOf = async (...paths: string[]) => {
    const html = renderPage(await listFiles(makeRoot(...paths)))
    const [, nav = ''] = /<nav[^>]*>\s*(.*?)\s*<\/nav>/s.exec(html) ?? []
    return nav.replace(/<template>.*?<\/template>|<small>.*?<\/small>| dir="auto"/g, '').split('\n')
  }
  const item = (path: string, text = path, kind = '') => {
    return `<li><a ${kind}href="${path}"><span>${text}</span></a></li>`
  }
  const film = (path: string, text = path) => item(path, text, 'class="video" ')
  expect(await sectionsOf('sub/b.mp4', 'a.txt', 'sub/a.mp4', 'sub/a.txt', 'more/a.mp4')).toEqual([
    `<section><h2>more</h2><ul>${film('more/a.mp4', 'a.mp4')}</ul></section>`,
    `<section><h2>sub</h2><ul>${film('sub/a.mp4', 'a.mp4')}`,
    `${film('sub/b.mp4', 'b.mp4')}</ul></section>`,
    `<section><h2>Other files</h2><ul>${item('a.txt')}`,
    `${item('sub/a.txt')}</ul></section>`,
  ])
  expect(await sectionsOf('a.mp4', 'sub/a.mp4')).toEqual([
    `<section><ul>${film('a.mp4')}</ul></section>`,
    `<section><h2>sub</h2><ul>${film('sub/a.mp4', 'a.mp4')}</ul></section>`,
  ])
  expect(await sectionsOf('a.txt')).toEqual([
    `<section><h2>Files</h2><ul>${item('a.txt')}</ul></section>`,
  ])
})

test('captions belong to the media whose name they share', async () => {
  const root = makeRoot(
    'film.mp4',
    'film.webm',
    'film.vtt',
    'film.en.vtt',
    'film.pt-BR.VTT',
    'film.commentary.vtt',
    'song.mp3',
    'song.de.vtt',
    'sub/film.mp4',
    'sub/a b.mp4',
    'sub/a b.fr.vtt',
  )
  const html = renderPage(await listFiles(root))
  const players = [
    ...html.matchAll(/<template><\w+ [^>]*src="([^"]+)"[^>]*>(.*?)<\/\w+><\/template>/g),
  ]
  const film = [
    '<track kind="captions" label="Captions" src="film.vtt">',
    '<track kind="subtitles" srclang="en" label="English" src="film.en.vtt">',
    '<track kind="subtitles" srclang="pt-BR" label="Brazilian Portuguese" src="film.pt-BR.VTT">',
  ]
  expect(players.map(([, src, tracks]) => [src, tracks])).toEqual([
    ['film.mp4', film.join('')],
    ['film.webm', film.join('')],
    ['song.mp3', '<track kind="subtitles" srclang="de" label="German" src="song.de.vtt">'],
    [
      'sub/a%20b.mp4',
      '<track kind="subtitles" srclang="fr" label="French" src="sub/a%20b.fr.vtt">',
    ],
    ['sub/film.mp4', ''],
  ])
})

test('a film has at most 32 captions, however many there are', async () => {
  const names = Array.from(
    { length: 40 },
    (_, i) => `film.x${String.fromCharCode(97 + (i % 26))}${i}.vtt`,
  )
  const languages = Array.from({ length: 40 }, (_, i) => {
    return `film.${String.fromCharCode(97 + Math.floor(i / 20), 97 + (i % 20))}.vtt`
  })
  const html = renderPage(await listFiles(makeRoot('film.mp4', ...names, ...languages)))
  expect(html.match(/<track /g)?.length).toBe(2 * 32)
})

test('captions are named in any language, and nothing else is taken for them', async () => {
  const captions = [
    'film.abc-de-fg.vtt',
    'film.ca-valencia.vtt',
    'film.deu.vtt',
    'film.en-TT.vtt',
    'film.es-419.vtt',
    'film.zh-Hant-TW.vtt',
  ]
  const others = [
    'film.en-x.vtt',
    'film.de-Latinized.vtt',
    'film.forced.vtt',
    'film.orig.vtt',
    'film.x.vtt',
    'film.vtt.bak',
    'film.nlvtt',
    'film.webvtt',
  ]
  const songs = ['song.en.mp3', 'song.en.vtt']
  const html = renderPage(await listFiles(makeRoot('film.mp4', ...captions, ...others, ...songs)))
  const players = [
    ...html.matchAll(/<template><\w+ [^>]*src="([^"]+)"[^>]*>(.*?)<\/\w+><\/template>/g),
  ].map(([, src, tracks = '']) => [
    src,
    Array.from(tracks.matchAll(/ src="([^"]+)"/g), ([, it]) => it),
  ])
  expect(players).toEqual([
    ['film.mp4', captions],
    ['song.en.mp3', ['song.en.vtt']],
  ])
  expect(html).toContain('label="English (Trinidad &#38; Tobago)"')
  expect(html).toContain('srclang="abc-de-fg" label="abc-de-fg"')
})

test.each([
  ['film.mp4', 'video'],
  ['FILM.MKV', 'video'],
  ['song.flac', 'audio'],
  ['module.ts', null],
  ['list.m3u8', null],
  ['photo.jpg', null],
  ['paper.pdf', null],
  ['nothing', null],
])('%s is played in: %s', async (name, kind) => {
  const html = renderPage(await listFiles(makeRoot(name)))
  expect(/<noscript><(\w+) /.exec(html)?.[1] ?? null).toBe(kind)
  expect(html).toContain(`href="${name}"><span dir="auto">${name}</span>`)
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9949, '9.9 kB'],
  [9950, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [5 * 2 ** 30, '5.4 GB'],
  [2e15, '2000 TB'],
])('%i bytes are shown as %s', (size, text) => {
  const file = { folder: '', name: 'a', path: 'a', href: 'a', size }
  const html = renderPage({ files: [file], isCut: false })
  expect(html).toContain(`<small>${text}</small>`)
})

test('an empty directory says what to do', async () => {
  expect(renderPage(await listFiles(makeRoot()))).toContain('There is nothing here yet')
})

function decodeEntities(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
}
