import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatSize } from '../adapters/site/size.ts'
import { askedOf } from '../command/page/browser/spans.ts'
import { languageOf, Tracks } from '../command/page/captions.ts'
import { fold, formatTime } from '../command/page/format.ts'
import { findFilmIndex } from '../command/page/index-of.ts'
import { renderPlaylist } from '../command/page/playlist.ts'
import { Selection } from '../command/page/selection.ts'
import { asWebVtt, toWebVtt } from '../command/page/srt.ts'
import { isCalledAlike, isSeason, readTitle, stemOf } from '../command/page/titles.ts'
import { type FileSource, readBytes } from '../src/index.ts'

describe('titles', () => {
  const episode = (series: string, season: number, number: number) => ({ series, season, number })
  test.each([
    ['Blade Runner (1982).mp4', { text: 'Blade Runner (1982)' }],
    ['Blade.Runner.1982.mkv', { text: 'Blade Runner 1982' }],
    ['film_one.mp4', { text: 'film one' }],
    ['2001 - A Space Odyssey.mp4', { text: '2001 - A Space Odyssey' }],
    ['Mr. Smith goes.mp4', { text: 'Mr. Smith goes' }],
    ['1920x1080.mp4', { text: '1920x1080' }],
    ['.mp4', { text: ' mp4'.trim() }],
    ['七人の侍.mp4', { text: '七人の侍' }],
    ['The.Wire.S01E02.The.Detail.mkv', { text: 'The Detail', episode: episode('The Wire', 1, 2) }],
    ['the wire s1e12.mkv', { text: 'Episode 12', episode: episode('the wire', 1, 12) }],
    ['Dark 2x03 Ghosts.mp4', { text: 'Ghosts', episode: episode('Dark', 2, 3) }],
    ['S02E01 - Ebb Tide.mp4', { text: 'Ebb Tide', episode: episode('', 2, 1) }],
    ['Series S01.E04 Name.mp4', { text: 'Name', episode: episode('Series', 1, 4) }],
    ['The_Wire_S01E02_The_Detail.mkv', { text: 'The Detail', episode: episode('The Wire', 1, 2) }],
    ['Dark_2x03.mp4', { text: 'Episode 3', episode: episode('Dark', 2, 3) }],
    ['Dark.S01E01E02.Secrets.mkv', { text: 'Secrets', episode: episode('Dark', 1, 1) }],
    ['Dark S01E01-E02-E03.mkv', { text: 'Episode 1', episode: episode('Dark', 1, 1) }],
    ['dark_s01e01_e02_secrets.mkv', { text: 'secrets', episode: episode('dark', 1, 1) }],
    ['Dark 1x01-02 Secrets.mkv', { text: 'Secrets', episode: episode('Dark', 1, 1) }],
    ['S01E01-720p.mkv', { text: '720p', episode: episode('', 1, 1) }],
    ['Ward8x10.mp4', { text: 'Ward8x10' }],
    ['film_1280x720.mp4', { text: 'film 1280x720' }],
    ['bus1e02.mp4', { text: 'bus1e02' }],
  ])('%s is read as %j', (name, title) => {
    expect(readTitle(name)).toEqual(title)
  })

  test.each([
    ['dots', '.'],
    ['underscores', '_'],
    ['marks of an episode', 's01e01_'],
    ['halves of such marks', 's1.'],
  ])(
    'of long rows of %s are read in no time',
    (_what, part) => {
      const name = `x${part.repeat(1000 / part.length)}x.mp4`
      for (let i = 0; i < 10_000; i++) readTitle(name)
    },
    20_000,
  )

  test.each([
    ['Season 1', true],
    ['season.02', true],
    ['Staffel 3', true],
    ['Seasons', false],
    ['Season of the Witch', false],
  ])('%s is a season: %s', (folder, is) => {
    expect(isSeason(folder)).toBe(is)
  })

  test.each([
    ['Blade Runner (1982)', 'Blade Runner (1982).mp4', true],
    ['Blade Runner (1982)', 'Blade.Runner.mkv', true],
    ['Stalker', 'Stalker.1979.1080p.mkv', true],
    ['Amélie', 'amelie.mp4', true],
    ['七人の侍', '七人の侍.mp4', true],
    ['Music', 'notes.mp3', false],
    ['', 'film.mp4', false],
    ['a', 'a.mp4', false],
  ])('the folder %j of %j is called alike: %s', (folder, name, is) => {
    expect(isCalledAlike(folder, name)).toBe(is)
  })

  test.each([
    ['a/b.mp4', 'a/b'],
    ['a.b/c', 'a.b/c'],
    ['.mp4', '.mp4'],
    ['a/.mp4', 'a/.mp4'],
  ])('%s without its extension is %s', (path, stem) => {
    expect(stemOf(path)).toBe(stem)
  })
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
  [2e15, '2.0 PB'],
])('%i bytes are shown as %s', (size, text) => {
  expect(formatSize(size)).toBe(text)
})

test.each([
  [0, '0:00'],
  [59.6, '1:00'],
  [3599.4, '59:59'],
  [3723, '1:02:03'],
])('%f seconds are shown as %s', (seconds, text) => {
  expect(formatTime(seconds)).toBe(text)
})

test('text is searched without case and accents', () => {
  expect(fold('Gymnopédie Ärger Ｆｕｌｌ')).toBe('gymnopedie arger full')
})

describe('a selection', () => {
  test.each([
    ['ascending', (i: number) => i],
    ['descending', (i: number) => 999 - i],
    ['mixed', (i: number) => (i * 7919) % 1000],
  ])('has the first of %s numbers in order, and counts all', (_order, at) => {
    const selection = new Selection<number>(10, (a, b) => a - b)
    for (let i = 0; i < 1000; i++) selection.offer(at(i))
    expect([selection.kept(), selection.count]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 1000])
  })

  test('of fewer than it may have has all', () => {
    const selection = new Selection<number>(10, (a, b) => a - b)
    for (const number of [3, 1, 2]) selection.offer(number)
    expect(selection.kept()).toEqual([1, 2, 3])
  })
})

describe('captions', () => {
  const tracksOf = (path: string, ...names: string[]) => {
    const tracks = new Tracks()
    for (const name of names) tracks.add(name)
    return tracks.of(path).map(({ path, ...track }) => [path, ...Object.values(track)])
  }

  test('belong to the file whose name they share', () => {
    const names = ['film.vtt', 'film.pt-BR.srt', 'film.en.vtt', 'film.chapters.vtt', 'sub/film.vtt']
    expect(tracksOf('film.mp4', ...names)).toEqual([
      ['film.chapters.vtt', 'chapters', '', ''],
      ['film.en.vtt', 'subtitles', 'en', ''],
      ['film.pt-BR.srt', 'subtitles', 'pt-BR', ''],
      ['film.vtt', 'captions', '', ''],
    ])
    expect(tracksOf('sub/film.webm', ...names)).toEqual([['sub/film.vtt', 'captions', '', '']])
    expect(tracksOf('other.mp4', ...names)).toEqual([])
  })

  test('are named in any language, and nothing else is taken for them', () => {
    const captions = ['abc-de-fg', 'ca-valencia', 'de', 'en-TT', 'es-419', 'zh-Hant-TW']
    const others = ['en-x', 'de-Latinized', 'orig', 'x']
    const names = [...captions, ...others].map((suffix) => `film.${suffix}.vtt`)
    expect(tracksOf('film.mp4', ...names).map(([, , language]) => language)).toEqual(captions)
    expect(tracksOf('song.en.mp3', 'song.en.vtt')).toEqual([['song.en.vtt', 'captions', '', '']])
  })

  test.each([
    ['ger', 'de'],
    ['fra', 'fr'],
    ['eng', 'en'],
    ['EN', 'en'],
    ['pt-br', 'pt-BR'],
  ])('of the language %s are of %s, as browsers call it', (given, language) => {
    const track = [`film.${given}.srt`, 'subtitles', language, '']
    expect(tracksOf('film.mp4', `film.${given}.srt`)).toEqual([track])
  })

  test('tell what is particular about them; those that do not tell all come last', () => {
    const names = [
      'film.cc.srt',
      'film.de.sdh.srt',
      'film.en.forced.vtt',
      'film.en.hi.srt',
      'film.en.srt',
      'film.forced.default.fr.srt',
      'film.hi.srt',
      'film.sdh.srt',
    ]
    expect(tracksOf('film.mp4', ...names)).toEqual([
      ['film.cc.srt', 'captions', '', 'cc'],
      ['film.de.sdh.srt', 'subtitles', 'de', 'sdh'],
      ['film.en.hi.srt', 'subtitles', 'en', 'hi'],
      ['film.en.srt', 'subtitles', 'en', ''],
      ['film.hi.srt', 'subtitles', 'hi', ''],
      ['film.sdh.srt', 'captions', '', 'sdh'],
      ['film.en.forced.vtt', 'subtitles', 'en', 'forced'],
      ['film.forced.default.fr.srt', 'subtitles', 'fr', 'forced, default'],
    ])
  })

  test('are at most 32 of a film', () => {
    const names = Array.from({ length: 40 }, (_, i) => {
      return `film.${String.fromCharCode(97 + Math.floor(i / 20), 97 + (i % 20))}.vtt`
    })
    expect(tracksOf('film.mp4', ...names).length).toBe(32)
  })
})

describe('SubRip', () => {
  const HEAD = 'WEBVTT\n'
  test.each([
    ['nothing', '', HEAD],
    [
      'a cue, in the lines of any system',
      '1\r\n00:00:01,500 --> 00:00:04,000\r\n<b>Hello</b>\r\nthere\r\n\r\n',
      `${HEAD}\n00:00:01.500 --> 00:00:04.000\n<b>Hello</b>\nthere\n`,
    ],
    [
      'cues without numbers, with a position, and of more than ten hours',
      '0:00:01.5 --> 0:00:02.50 X1:10 Y1:20\na\n\n\n123\n100:00:00,000 --> 100:00:01,000\nb',
      `${HEAD}\n00:00:01.500 --> 00:00:02.500\na\n\n100:00:00.000 --> 100:00:01.000\nb\n`,
    ],
    [
      'markup that is not for WebVTT',
      '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color="red">a</font> & <b>b</b> <3 --> &amp;',
      `${HEAD}\n00:00:01.000 --> 00:00:02.000\na &amp; <b>b</b> &lt;3 --&gt; &amp;\n`,
    ],
    [
      'cues without an empty line between them, with and without their numbers',
      '1\n00:00:01,000 --> 00:00:02,000\na\n12\n2\r\n00:00:03,000 --> 00:00:04,000\r\nb\n00:00:05,000 --> 00:00:06,000\nc',
      `${HEAD}\n00:00:01.000 --> 00:00:02.000\na\n12\n\n00:00:03.000 --> 00:00:04.000\nb\n\n00:00:05.000 --> 00:00:06.000\nc\n`,
    ],
    [
      'an empty line in the middle of a cue, which ends it',
      '1\n00:00:01,000 --> 00:00:02,000\na\n \nb\n\n2\n00:00:03,000 --> 00:00:04,000\nc',
      `${HEAD}\n00:00:01.000 --> 00:00:02.000\na\n\n00:00:03.000 --> 00:00:04.000\nc\n`,
    ],
    [
      'times of nothing',
      '1\n00:00:01,000 --> 00:00:02,000\n2\n00:00:03,000 --> 00:00:04,000',
      HEAD,
    ],
    [
      'tags in capitals, which WebVTT does not know (§6.4)',
      '1\n00:00:01,000 --> 00:00:02,000\n<I>a</I> <B><u>b</U></B> <FONT>c</FONT> <3',
      `${HEAD}\n00:00:01.000 --> 00:00:02.000\n<i>a</i> <b><u>b</u></b> c &lt;3\n`,
    ],
    [
      'times without their zeros',
      '1\n0:0:3,5 --> 0:0:4,0\na\n2\n0:1:10,25 --> 1:2:3,4\nb',
      `${HEAD}\n00:00:03.500 --> 00:00:04.000\na\n\n00:01:10.250 --> 01:02:03.400\nb\n`,
    ],
    ['a cue without words', '1\n00:00:01,000 --> 00:00:02,000\n\nnothing to see\n', HEAD],
  ])('%s', (_what, srt, vtt) => {
    expect(toWebVtt(srt)).toBe(vtt)
  })

  test.each([
    ['digits', '1'],
    ['positions that do not end', '{\\'],
    ['markup that does not end', '<a'],
    ['empty lines', '\n \n'],
  ])('of nothing but %s is read in no time', (_what, part) => {
    const much = part.repeat(500_000)
    expect(toWebVtt(`1\n00:00:01,000 --> 00:00:02,000\n${much}`).startsWith(HEAD)).toBe(true)
  })

  test.each([
    ['ru', 'windows-1251', [0xcf, 0xf0, 0xe8], 'При'],
    ['pol', 'windows-1250', [0xb9, 0xea, 0xb3], 'ąęł'],
    ['tr.forced', 'windows-1254', [0xf0, 0xfd, 0xfe], 'ğış'],
    ['el', 'windows-1253', [0xe1, 0xe2], 'αβ'],
    ['zh', 'gb18030', [0xc4, 0xe3, 0xba, 0xc3], '你好'],
    ['zh-TW', 'big5', [0xa7, 0x41, 0xa6, 0x6e], '你好'],
    ['ja', 'shift_jis', [0x82, 0xb1], 'こ'],
    ['de', 'windows-1252', [0xe4, 0xdf], 'äß'],
    ['2010', 'windows-1252', [0xe4, 0xdf], 'äß'],
  ])('of the language %s may be in %s', async (suffix, _encoding, bytes, text) => {
    const srt = Buffer.concat([
      Buffer.from('1\n00:00:01,000 --> 00:00:02,000\n'),
      Buffer.from(bytes),
    ])
    const source = { size: srt.length, read: (a: number, b: number) => srt.subarray(a, b) }
    const made = await asWebVtt(source, languageOf(`film.${suffix}.srt`))
    expect(Buffer.from((await made?.read(0, made.size)) as Uint8Array).toString()).toBe(
      `${HEAD}\n00:00:01.000 --> 00:00:02.000\n${text}\n`,
    )
  })

  const cue = '1\n00:00:01,000 --> 00:00:02,000\nCafé\n'
  const utf16 = Buffer.from(`\ufeff${cue}`, 'utf16le')
  test.each([
    ['UTF-8', Buffer.from(cue)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${cue}`)],
    ['UTF-16, little end first', utf16],
    ['UTF-16, big end first', Buffer.from(utf16).swap16()],
    ['Windows-1252', Buffer.from(cue, 'latin1')],
  ])('in %s is served as WebVTT', async (_encoding, bytes) => {
    let closed = 0
    const source = { ...sourceOf(bytes), etag: '"1"', close: () => void closed++ }
    const made = await asWebVtt(source)
    const text = made && new TextDecoder().decode(await readBytes(made, 0, made.size))
    expect([made?.type, made?.etag, text, closed]).toEqual([
      'text/vtt; charset=utf-8',
      '"1-vtt"',
      'WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nCafé\n',
      1,
    ])
  })

  test('of more than 8 MiB is none', async () => {
    let closed = 0
    const size = 8 * 1024 * 1024 + 1
    const source = { ...sourceOf(new Uint8Array(1)), size, close: () => void closed++ }
    expect([await asWebVtt(source), closed]).toEqual([null, 1])
  })
})

describe('a row of the range map', () => {
  const row = { id: 1, at: 0, start: 10, end: 20, sent: 10, state: 'done' } as const
  test.each([
    [206, 'bytes=10-19', [10, 20]],
    [200, null, [10, 20]],
    [304, 'bytes=30-39', [30, 40]],
    [304, 'bytes=30-', [30, 100]],
    [304, 'bytes=30-999', [30, 100]],
    [304, null, [10, 20]],
    [304, 'bytes=-5', [10, 20]],
  ])('of a %i to %s shows what was asked', (status, range, [start, end]) => {
    expect(askedOf({ ...row, status, range }, 100)).toEqual({ start, end })
  })
})

describe('the index of a film', () => {
  const media = (name: string) =>
    readFileSync(new URL(`../examples/media/${name}`, import.meta.url))
  const box = (type: string, length: number) => {
    const bytes = Buffer.alloc(length)
    bytes.writeUInt32BE(length)
    bytes.write(type, 4, 'latin1')
    return bytes
  }
  const large = (type: string, length: number) => {
    const bytes = Buffer.alloc(length)
    bytes.writeUInt32BE(1)
    bytes.write(type, 4, 'latin1')
    bytes.writeBigUInt64BE(BigInt(length), 8)
    return bytes
  }
  const last = (type: string) =>
    Buffer.concat([Buffer.alloc(4), Buffer.from(type), Buffer.alloc(92)])

  test.each([
    ['film.mp4', { name: 'moov', isFirst: true }],
    ['film-moov-at-end.mp4', { name: 'moov', isFirst: false }],
    ['film.webm', { name: 'Cues', isFirst: false }],
  ])('of %s is found, by few reads', async (name, expected) => {
    const bytes = media(name)
    let reads = 0
    const layout = await findFilmIndex({
      size: bytes.length,
      read(start, end) {
        reads++
        return bytes.subarray(start, end)
      },
    })
    const { index, media: held } = layout ?? {}
    const signs = { moov: 'moov', Cues: '\x1c\x53\xbb\x6b' }
    const at = (index?.start ?? 0) + (index?.name === 'moov' ? 4 : 0)
    const sign = bytes.toString('latin1', at, at + 4)
    expect(index?.name).toBe(expected.name)
    expect(sign).toBe(signs[index?.name ?? 'moov'])
    expect((index?.start ?? 0) < (held?.start ?? 0)).toBe(expected.isFirst)
    expect(reads).toBeLessThan(8)
  })

  test.each([
    ['moov first', [box('ftyp', 20), box('moov', 100), box('mdat', 500)], [20, 120], [120, 620]],
    ['64 bits', [box('ftyp', 20), large('mdat', 500), box('moov', 100)], [520, 620], [20, 520]],
    ['to the end', [box('ftyp', 20), box('moov', 100), last('mdat')], [20, 120], [120, 220]],
    ['fragments', [box('ftyp', 20), box('moov', 100), box('moof', 50)], [20, 120], [120, 170]],
    [
      'cut off',
      [box('ftyp', 20), box('mdat', 500), box('moov', 100).subarray(0, 50)],
      [520, 570],
      [20, 520],
    ],
  ])('of an MP4: %s', async (_what, boxes, [start, end], [mediaStart, mediaEnd]) => {
    expect(await findFilmIndex(sourceOf(Buffer.concat(boxes)))).toEqual({
      index: { name: 'moov', start, end },
      media: { start: mediaStart, end: mediaEnd },
    })
  })

  test.each([
    ['text', Buffer.from('this is no film, and long enough')],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(100)],
    ['an MP4 without an index', Buffer.concat([box('ftyp', 20), box('mdat', 100)])],
    ['boxes of no length', Buffer.concat([box('ftyp', 20), Buffer.from('\0\0\0\x01moov')])],
    [
      'more boxes than there may be',
      Buffer.concat([box('ftyp', 20), ...Array(40).fill(box('free', 8)), box('moov', 100)]),
    ],
    ['WebM without anything', Buffer.from('1a45dfa380'.padEnd(64, '0'), 'hex')],
    [
      'WebM whose sizes lead nowhere',
      Buffer.from('1a45dfa38018538067ff114d9b74ff4dbbff53abff'.padEnd(64, 'f'), 'hex'),
    ],
  ])('of %s is none', async (_what, bytes) => {
    expect(await findFilmIndex(sourceOf(bytes))).toBeNull()
  })
})

test('a playlist has whole addresses, and one entry for each', () => {
  const item = (path: string, title: string, group = '') => {
    return { path, title, group } as Parameters<typeof renderPlaylist>[0][number]
  }
  const items = [item('a b/#1.mp4', 'One', 'A'), item('a b/a:b/two.mp3', 'two\nlines')]
  const query = { folder: 'a b', words: '', order: 'name', page: 1 } as const
  expect(renderPlaylist(items, query, 'http://h:81/my/a%20b/?sort=date#x')).toBe(
    '#EXTM3U\n#EXTINF:-1,A: One\nhttp://h:81/my/a%20b/%231.mp4\n' +
      '#EXTINF:-1,two lines\nhttp://h:81/my/a%20b/a%3Ab/two.mp3\n',
  )
})

test.each([
  ['می\u200cخواهم', 'می\u200cخواهم'],
  ['👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
  ['\u2067שלום\u2069 \ue000', '\u2067שלום\u2069 \ue000'],
  ['a\rb\u0085c\u2028d\u2029e\tf', 'a b c d e f'],
])('a playlist spells %j as %j', (title, label) => {
  const item = { path: 'a', title, group: '' } as Parameters<typeof renderPlaylist>[0][number]
  const query = { folder: '', words: '', order: 'name', page: 1 } as const
  expect(renderPlaylist([item], query, 'http://h/')).toBe(
    `#EXTM3U\n#EXTINF:-1,${label}\nhttp://h/a\n`,
  )
})

function sourceOf(bytes: Uint8Array): FileSource {
  return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) }
}
