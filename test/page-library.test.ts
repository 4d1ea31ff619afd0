import { describe, expect, test } from 'vitest'
import { kindOf } from '../command/page/item.ts'
import { type Query, readLibrary, type Shelf } from '../command/page/library.ts'
import { settle } from './support/wait.ts'

const ALL: Query = { folder: '', words: '', order: 'name', page: 1 }

/** The folders of these files, each as many bytes large as its place in the list. */
function shelfOf(...paths: string[]): Shelf {
  const sizes = new Map(paths.map((path, i) => [path, i]))
  return {
    async *list(folder) {
      const prefix = folder === '' ? '' : `${folder}/`
      const below = paths.filter((path) => path.startsWith(prefix))
      if (below.length === 0 && folder !== '') throw new Error(`Expected a folder, got ${folder}`)
      const names = new Set(below.map((path) => path.slice(prefix.length).split('/')[0] ?? ''))
      for (const name of names) {
        yield [{ name, kind: sizes.has(prefix + name) ? 'file' : 'directory' }]
      }
    },
    async describe(path) {
      const size = sizes.get(path)
      return size === undefined ? null : { size, lastModified: new Date(size * 1000) }
    },
  }
}

async function groupsOf(...paths: string[]): Promise<string[]> {
  const { media } = await readLibrary(shelfOf(...paths), ALL)
  return media.map(({ group, title, episode }) => {
    return `${group}: ${episode === null ? '' : `${episode.number} `}${title}`
  })
}

describe('media are shown', () => {
  test('by folder, then by title, numbers by value', async () => {
    const paths = ['b/2.mp4', 'b/1.mp4', 'a10.mp4', 'a9.mp4', 'a 10/x.mp4', 'a 2/x.mp4', 'B.mp4']
    expect(await groupsOf(...paths)).toEqual([
      ': a9',
      ': a10',
      ': B',
      'a 2: x',
      'a 10: x',
      'b: 1',
      'b: 2',
    ])
  })

  test('in the same order, however their store lists them', async () => {
    const paths = [
      'a.mp4',
      'a.WAV',
      'a.webm',
      'ö.mp4',
      '\u00fc.mp4',
      'u\u0308.mp4',
      'v.mp4',
      'z.mp4',
    ]
    const order = async (given: string[]) => {
      const { media } = await readLibrary(shelfOf(...given), ALL)
      return media.map(({ path }) => path)
    }
    expect(await order(paths.toReversed())).toEqual(await order(paths))
  })

  test('without the folder that a film has to itself', async () => {
    expect(
      await groupsOf(
        'Films/Blade Runner (1982)/Blade Runner (1982).mp4',
        'Films/Stalker/Stalker.1979.mkv',
        'Films/Two/Two.mp4',
        'Films/Two/Two, cut.mp4',
        'Films/Other/Something else.mp4',
        'Alone/Alone.mp4',
      ),
    ).toEqual([
      ': Alone',
      'Films: Blade Runner (1982)',
      'Films: Stalker 1979',
      'Films / Other: Something else',
      'Films / Two: Two',
      'Films / Two: Two, cut',
    ])
  })

  test('as episodes, in their order under their series', async () => {
    expect(
      await groupsOf(
        'Wire/Season 1/The.Wire.S01E10.Sentencing.mkv',
        'Wire/Season 1/The.Wire.S01E02.The.Detail.mkv',
        'Wire/Season 2/The.Wire.S02E01.Ebb.Tide.mkv',
        'Dark/Season 1/S01E01 Secrets.mp4',
        'Fargo 1x01.mp4',
        'S03E01.mp4',
      ),
    ).toEqual([
      'Dark, season 1: 1 Secrets',
      'Fargo, season 1: 1 Episode 1',
      'Season 3: 1 Episode 1',
      'The Wire, season 1: 2 The Detail',
      'The Wire, season 1: 10 Sentencing',
      'The Wire, season 2: 1 Ebb Tide',
    ])
  })

  test('with their extensions only where these tell them apart', async () => {
    expect(await groupsOf('film.mp4', 'film.webm', 'other.mp4', 'sub/x/film.mp4')).toEqual([
      ': film.mp4',
      ': film.webm',
      ': other',
      'sub / x: film',
    ])
  })

  test('with their captions and posters, which are not shown by themselves', async () => {
    const { media, others, pictures, counts } = await readLibrary(
      shelfOf(
        'film.mp4',
        'film.en.srt',
        'film-poster.jpg',
        'Wire/poster.png',
        'Wire/Season 1/S01E01.mp4',
        'Albums/cover.jpg',
        'Albums/song.mp3',
        'photo.jpg',
      ),
      ALL,
    )
    const facts = media.map(({ path, poster, tracks }) => [path, poster, tracks.length])
    expect(facts).toEqual([
      ['film.mp4', 'film-poster.jpg', 1],
      ['Albums/song.mp3', 'Albums/cover.jpg', 0],
      ['Wire/Season 1/S01E01.mp4', 'Wire/poster.png', 0],
    ])
    expect([others, pictures.map(({ path }) => path), counts]).toEqual([
      [],
      ['photo.jpg'],
      { video: 2, audio: 1, picture: 1, other: 0 },
    ])
  })
})

describe('captions and posters', () => {
  const shownOf = async (paths: string[], query: Partial<Query> = {}) => {
    const library = await readLibrary(shelfOf(...paths), { ...ALL, ...query })
    const { media, pictures, others, counts } = library
    return { shown: [...media, ...pictures, ...others].map(({ path }) => path), counts }
  }

  test.each([
    ['posters of nothing', ['a.jpg', 'beach-poster.jpg', 'cover.jpg'], { picture: 3 }],
    ['captions of nothing', ['notes.srt', 'talk.vtt'], { other: 2 }],
    [
      'those of nothing beside those of a film',
      ['film.mp4', 'beach-poster.jpg', 'other.chapters.vtt', 'other.en.srt'],
      { video: 1, picture: 1, other: 2 },
    ],
  ])('%s are shown by themselves', async (_what, paths, counts) => {
    const none = { video: 0, audio: 0, picture: 0, other: 0 }
    expect(await shownOf(paths)).toEqual({ shown: paths, counts: { ...none, ...counts } })
  })

  test('of folders of media are theirs, however deep', async () => {
    const { shown } = await shownOf(['a/b/song.mp3', 'a/folder.jpg', 'poster.jpg'])
    expect(shown).toEqual(['a/b/song.mp3'])
  })

  test('of a film are its own, in whatever order they are listed', async () => {
    const paths = [
      'film.mp4',
      'film.srt',
      'film.en.forced.srt',
      'film.chapters.vtt',
      'film-poster.jpg',
      'poster.jpg',
    ]
    const alone = { shown: ['film.mp4'], counts: { video: 1, audio: 0, picture: 0, other: 0 } }
    expect(await shownOf(paths)).toEqual(alone)
    expect(await shownOf(paths.toReversed())).toEqual(alone)
  })

  test('are found by their names, unless they are of a film, found or not', async () => {
    const paths = ['deep/notes.srt', 'deep/notes-poster.png', 'film.mp4', 'film.notes.srt']
    const { shown } = await shownOf([...paths, 'film.en.srt'], { words: 'notes' })
    expect(shown).toEqual(['deep/notes-poster.png', 'film.notes.srt', 'deep/notes.srt'])
    expect((await shownOf(['film.mp4', 'film.en.srt'], { words: 'en' })).shown).toEqual([])
  })
})

describe('folders', () => {
  const foldersOf = async (paths: readonly string[], query: Partial<Query> = {}) => {
    const { folders, pages } = await readLibrary(shelfOf(...paths), { ...ALL, ...query })
    return { folders, pages }
  }

  test('are all there, a hundred on a page', async () => {
    const names = Array.from({ length: 230 }, (_, i) => `artist ${i + 1}`)
    const paths = names.map((name) => `${name}/x.txt`)
    const pages = await Promise.all([1, 2, 3, 4].map((page) => foldersOf(paths, { page })))
    expect(pages.map(({ folders }) => folders.length)).toEqual([100, 100, 30, 0])
    expect(pages.flatMap(({ folders }) => folders)).toEqual(names)
    expect(pages.map((page) => page.pages)).toEqual([3, 3, 3, 3])
  })

  test.each([
    ['miles', '', ['Jazz/Miles Davis']],
    ['jazz miles', '', ['Jazz/Miles Davis']],
    ['jazz', '', ['Jazz']],
    ['davis', 'Jazz', ['Jazz/Miles Davis']],
    ['jazz', 'Jazz', ['Jazz/Bill Evans', 'Jazz/Miles Davis']],
    ['blue', '', ['Jazz/Miles Davis/Kind of Blue']],
    ['stalker', '', []],
    ['so what', '', []],
  ])('that have the words %j, below %j: %j', async (words, folder, folders) => {
    const paths = [
      'Jazz/Miles Davis/Kind of Blue/1 So What.mp3',
      'Jazz/Miles Davis/Kind of Blue/2 Freddie Freeloader.mp3',
      'Jazz/Bill Evans/x.txt',
      'Films/Stalker/Stalker.mp4',
    ]
    expect((await foldersOf(paths, { words, folder })).folders).toEqual(folders)
  })
})

test('a folder is read from the one that is shown', async () => {
  const shelf = shelfOf(
    'Films/a.mp4',
    'Films/Noir/b.mp4',
    'Films/Noir/c.mp4',
    'Films/Laura/Laura.mp4',
  )
  const groupsIn = async (folder: string) => {
    const { media } = await readLibrary(shelf, { ...ALL, folder })
    return media.map(({ group, title }) => `${group}: ${title}`)
  }
  expect(await groupsIn('')).toEqual([
    'Films: a',
    'Films: Laura',
    'Films / Noir: b',
    'Films / Noir: c',
  ])
  expect(await groupsIn('Films')).toEqual([': a', ': Laura', 'Noir: b', 'Noir: c'])
  expect(await groupsIn('Films/Laura')).toEqual([': Laura'])
})

test('a folder of one film is not shown beside its film, unless there is more in it', async () => {
  const { folders } = await readLibrary(
    shelfOf('Stalker/Stalker.mp4', 'Two/Two.mp4', 'Two/Extras/Making of.mp4', 'Other/x.txt'),
    ALL,
  )
  expect(folders).toEqual(['Other', 'Two'])
})

test('media are found and counted behind any number of other files', async () => {
  const others = Array.from({ length: 5000 }, (_, i) => `cache/${i}.json`)
  const library = await readLibrary(shelfOf(...others, 'a/b/c/film.mp4', 'notes.txt'), ALL)
  expect(library.media.map(({ path }) => path)).toEqual(['a/b/c/film.mp4'])
  expect(library.others.map(({ path }) => path)).toEqual(['notes.txt'])
  expect([library.counts, library.folders, library.pages]).toEqual([
    { video: 1, audio: 0, picture: 0, other: 5001 },
    ['a', 'cache'],
    1,
  ])
})

test('what does not fit on a page is on the next', async () => {
  const names = Array.from({ length: 620 }, (_, i) => `${String(i).padStart(3, '0')}.mp4`)
  const shelf = shelfOf(...names)
  const pages = [1, 2, 3, 4].map((page) => readLibrary(shelf, { ...ALL, page }))
  const shown = (await Promise.all(pages)).map(({ media }) => media.map(({ path }) => path))
  expect([shown.map(({ length }) => length), shown.flat()]).toEqual([[250, 250, 120, 0], names])
  expect((await pages[0])?.pages).toBe(3)
})

test.each([
  ['blade', ['Films/Blade Runner.mp4', 'blade.txt']],
  ['RUNNER films', ['Films/Blade Runner.mp4']],
  ['gymnopedie', ['Music/Gymnopédie.mp3']],
  ['json', ['cache/deep/a.json']],
  ['七人', ['七人の侍.mp4']],
  ['the wire season 1', ['TV/The.Wire.S01E02.mp4']],
  ['episode 2', ['TV/The.Wire.S01E02.mp4']],
  ['nothing at all', []],
])('the words %j find %j', async (words, paths) => {
  const shelf = shelfOf(
    'Films/Blade Runner.mp4',
    'Films/Stalker.mp4',
    'Music/Gymnopédie.mp3',
    'TV/The.Wire.S01E02.mp4',
    'cache/deep/a.json',
    'blade.txt',
    '七人の侍.mp4',
  )
  const { media, others, folders, counts } = await readLibrary(shelf, { ...ALL, words })
  expect([...media, ...others].map(({ path }) => path)).toEqual(paths)
  expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(paths.length)
  expect(folders).toEqual([])
})

test.each([
  ['date', ['c.mp4', 'sub/b.mp4', 'a.mp4']],
  ['size', ['c.mp4', 'sub/b.mp4', 'a.mp4']],
  ['name', ['a.mp4', 'c.mp4', 'sub/b.mp4']],
] as const)('ordered by %s: %j', async (order, paths) => {
  const { media } = await readLibrary(shelfOf('a.mp4', 'sub/b.mp4', 'c.mp4'), { ...ALL, order })
  expect(media.map(({ path }) => path)).toEqual(paths)
})

test('a folder that can not be listed does not hide the others; the asked one is missed', async () => {
  const shelf = shelfOf('deep/film.mp4', 'film.mp4')
  const broken: Shelf = {
    ...shelf,
    list(path) {
      if (path === 'deep') throw new Error('Expected to be listed, got EACCES')
      return shelf.list(path)
    },
  }
  const { media } = await readLibrary(broken, ALL)
  expect(media.map(({ path }) => path)).toEqual(['film.mp4'])
  await expect(readLibrary(broken, { ...ALL, folder: 'deep' })).rejects.toThrow('EACCES')
})

test('only what is shown is looked at', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `${i}.mp4`)
  const shelf = shelfOf(...names, ...names.map((name) => `cache/${name}.json`))
  let looks = 0
  await readLibrary(
    { ...shelf, describe: (path) => shelf.describe(path).finally(() => looks++) },
    ALL,
  )
  expect(looks).toBe(250)
})

test.each([
  'name',
  'date',
] as const)('ordered by %s, what a list does not tell is asked of several files at once, but not of all', async (order) => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}.mp4`)
  const shelf = shelfOf(...names)
  let running = 0
  let peak = 0
  const slow: Shelf = {
    async *list() {
      yield names.map((name) => ({ name, kind: 'file' }))
    },
    async describe(path) {
      peak = Math.max(peak, ++running)
      await settle()
      running--
      return shelf.describe(path)
    },
  }
  const { media } = await readLibrary(slow, { ...ALL, order })
  const sorted = order === 'name' ? names : names.toReversed()
  expect([media.map(({ path }) => path), peak]).toEqual([sorted, 16])
})

test.each([
  ['film.mp4', 'video'],
  ['FILM.MKV', 'video'],
  ['song.flac', 'audio'],
  ['photo.JPG', 'picture'],
  ['photo.heic', 'other'],
  ['module.ts', 'other'],
  ['list.m3u8', 'other'],
  ['list.m3u', 'other'],
  ['paper.pdf', 'other'],
  ['nothing', 'other'],
])('%s is a %s', (name, kind) => {
  expect(kindOf(name)).toBe(kind)
})
