import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { httpOrigin } from '../adapters/http.ts'
import { faststart, faststartFilms } from '../adapters/mp4.ts'
import { ofStore } from '../adapters/site/views.ts'
import { type FileTree, type SiteOptions, site } from '../adapters/site.ts'
import { readBytes } from '../src/reader.ts'
import { fileHandler, serveFile } from '../src/serve.ts'
import type { FileSource, RequestLike } from '../src/source.ts'
import {
  type CountingSource,
  countingSource,
  someBytes,
  streamOf,
} from './support/counting-source.ts'
import { serving, startOrigin } from './support/faulty-origin.ts'
import { areInstalled } from './support/installed.ts'
import {
  box,
  FILM_NAMES,
  largeBox,
  makeFilms,
  offsetBox,
  qtFaststart,
  track,
  UNMOVED,
} from './support/mp4.ts'
import { temporaryDirectory } from './support/temporary.ts'

const hasOracle = areInstalled('ffmpeg', 'qt-faststart')

describe.runIf(hasOracle)('a film whose index is at its end', () => {
  const directory = temporaryDirectory()
  const film = (name: string) => readFileSync(join(directory, name))
  beforeAll(() => makeFilms(directory))

  it.each(
    FILM_NAMES.filter((name) => !UNMOVED.includes(name)),
  )('is what qt-faststart makes of it: %s', async (name) => {
    const bytes = film(name)
    const source = countingSource(bytes, { etag: '"a"', type: 'video/mp4' })
    const moved = await faststart(source, { id: name })
    expect(moved).not.toBe(source)
    expect(moved).toMatchObject({ size: bytes.length, etag: '"a-faststart"', type: 'video/mp4' })
    expect(await sameBytes(moved, qtFaststart(directory, name))).toBe(true)
    await moved.close?.()
    expect(source.closes).toBe(1)
  })

  it.each(UNMOVED)('is left as it is, where nothing is to be moved: %s', async (name) => {
    const source = countingSource(film(name))
    expect(await faststart(source)).toBe(source)
    expect(source.closes).toBe(0)
  })

  it('takes five small reads and the index', async () => {
    const bytes = film('plain.mp4')
    const source = countingSource(bytes)
    await faststart(source)
    const index = bytes.lastIndexOf('moov') - 4
    const lengths = source.reads.map(([start, end]) => (start === index ? 'index' : end - start))
    expect(source.reads.length).toBeLessThanOrEqual(6)
    expect(lengths.filter((length) => Number(length) > 64)).toEqual([])
  })

  it('whatever becomes of a byte of it, is what qt-faststart makes of it, or left as it is', async () => {
    const names = ['three-tracks.mp4', 'video.m4v', 'time-code.mov']
    const outcomes = { moved: 0, left: 0 }
    const mutation = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(1_000_000),
      isInIndex: fc.boolean(),
      byte: fc.constantFrom(0, 1, 2, 8, 0x7f, 0x80, 0xff),
    })
    await fc.assert(
      fc.asyncProperty(mutation, async ({ name, at, isInIndex, byte }) => {
        const bytes = Buffer.from(film(name))
        const index = bytes.lastIndexOf('moov') - 4
        const place = isInIndex ? index + (at % (bytes.length - index)) : at % 60
        bytes[place] = byte
        const source = countingSource(bytes)
        const moved = await faststart(source)
        writeFileSync(join(directory, 'mutated'), bytes)
        const expected = qtFaststart(directory, 'mutated')
        if (moved === source) {
          outcomes.left++
          // It makes room where offsets have none: then the size is another.
          expect(expected?.length).not.toBe(bytes.length)
        } else {
          outcomes.moved++
          expect(await sameBytes(moved, expected)).toBe(true)
        }
      }),
      // Each starts qt-faststart.
      { numRuns: 80, seed: 18 },
    )
    expect(outcomes.moved).toBeGreaterThan(16)
    expect(outcomes.left).toBeGreaterThan(3)
  })

  it('is a film to ffmpeg, of the same frames', async () => {
    const moved = await faststart(countingSource(film('three-tracks.mp4')))
    writeFileSync(join(directory, 'moved.mp4'), await readBytes(moved, 0, moved.size))
    expect(framesOf('moved.mp4')).toBe(framesOf('three-tracks.mp4'))
  })

  function framesOf(name: string): string {
    const args = ['-v', 'error', '-i', name, '-map', '0', '-c', 'copy', '-f', 'framemd5', '-']
    return execFileSync('ffmpeg', args, { cwd: directory, encoding: 'utf8' })
  }
})

const ftyp = box('ftyp', 'isom')
const media = someBytes(1000)
const mdat = box('mdat', media)
/** Where the media data of `ftyp`, `mdat` are. */
const AT = ftyp.length + 8

function moov(...boxes: Uint8Array[]): Buffer {
  return box('moov', box('mvhd', Buffer.alloc(100)), ...boxes)
}

const MOVED: [what: string, before: Buffer[], index: (by: number) => Buffer, after?: Buffer[]][] = [
  [
    'offsets of 32 bits',
    [ftyp, mdat],
    (by) => moov(track(offsetBox('stco', [AT + by, AT + 500 + by]))),
  ],
  [
    'offsets of 64 bits',
    [ftyp, mdat],
    (by) => moov(track(offsetBox('co64', [AT + by, 2 ** 40 + by]))),
  ],
  [
    'offsets that grow beyond 32 bits',
    [ftyp, mdat],
    (by) => moov(track(offsetBox('co64', [2 ** 32 - 9 + by]))),
  ],
  [
    'several tracks',
    [ftyp, mdat],
    (by) => moov(track(offsetBox('stco', [AT + by])), track(offsetBox('co64', [AT + by]))),
  ],
  ['no ftyp', [mdat], (by) => moov(track(offsetBox('stco', [8 + by])))],
  [
    'a size of 64 bits',
    [ftyp, largeBox('mdat', media)],
    (by) => moov(track(offsetBox('stco', [AT + 8 + by]))),
  ],
  [
    'an index with a size of 64 bits',
    [ftyp, mdat],
    (by) => largeBox('moov', track(offsetBox('stco', [AT + by]))),
  ],
  [
    'several mdats',
    [ftyp, mdat, box('free', media), mdat],
    (by) => moov(track(offsetBox('stco', [AT + by]))),
  ],
  ['no track', [ftyp, mdat], () => moov()],
  [
    'many boxes',
    [ftyp, mdat],
    (by) => moov(track(offsetBox('stco', [AT + by])), many('free', 99_000)),
  ],
  ['an empty table', [ftyp, mdat], () => moov(track(offsetBox('stco', [])))],
  [
    'a meta without items',
    [ftyp, mdat],
    (by) => moov(track(offsetBox('stco', [AT + by])), box('meta', Buffer.alloc(4), box('hdlr'))),
  ],
]

describe('what is moved', () => {
  it.each(MOVED)('with %s', async (_what, before, index) => {
    const there = index(0)
    const source = countingSource(Buffer.concat([...before, there]))
    const moved = await faststart(source)
    const [first] = before
    const head = first === ftyp ? [ftyp] : []
    const expected = Buffer.concat([...head, index(there.length), ...before.slice(head.length)])
    expect(moved).not.toBe(source)
    expect(await sameBytes(moved, expected)).toBe(true)
  })

  it.each([
    ['', box('free')],
    [', to the end of the file', withSize(0, box('free', media))],
    [', with what a phone adds', box('sefd', media)],
    [', with tags', box('udta', media)],
  ])('leaves media data behind the index where they are%s', async (_how, last) => {
    const index = (by: number) => moov(track(offsetBox('stco', [AT + by, 3000])))
    const before = [ftyp, mdat]
    const behind = [box('mdat', someBytes(5000)), last]
    const moved = await faststart(countingSource(Buffer.concat([...before, index(0), ...behind])))
    const expected = Buffer.concat([ftyp, index(index(0).length), mdat, ...behind])
    expect(await sameBytes(moved, expected)).toBe(true)
  })
})

const table = track(offsetBox('stco', [AT]))
const LEFT: [what: string, ...file: Uint8Array[]][] = [
  ['an empty file'],
  ['a text', Buffer.from('WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n')],
  ['few bytes', Buffer.from('ftyp')],
  ['an index in front', ftyp, moov(table), mdat],
  ['an index in front of some', ftyp, moov(table), mdat, moov(table)],
  ['two indexes', ftyp, mdat, moov(table), moov(table)],
  ['no index', ftyp, mdat],
  ['no media data', ftyp, moov(table)],
  ['fragments', ftyp, box('moof'), mdat, moov(table)],
  ['an index of segments', ftyp, box('sidx'), mdat, moov(table)],
  ...['meco', 'meta', 'mfra', 'moof', 'sidx', 'styp'].map((type): [string, ...Uint8Array[]] => [
    `${type} behind the index`,
    ...[ftyp, mdat, moov(table), box(type)],
  ]),
  ['fragments to come', ftyp, mdat, moov(table, box('mvex'))],
  ['a compressed index', ftyp, mdat, box('moov', box('cmov', media))],
  ['encrypted samples', ftyp, mdat, moov(track(offsetBox('stco', [AT]), box('saio')))],
  ['items', ftyp, mdat, moov(table, box('meta', Buffer.alloc(4), box('iloc')))],
  ['an unknown box', ftyp, box('meta'), mdat, moov(table)],
  ['an ftyp that is not first', box('free'), ftyp, mdat, moov(table)],
  ['an offset without room', ftyp, mdat, moov(track(offsetBox('stco', [2 ** 32 - 100])))],
  ['an index that is cut', ftyp, mdat, moov(table).subarray(0, -1)],
  ['an index to the end of the file', ftyp, mdat, withSize(0, moov(table))],
  ['media data to the end of the file', ftyp, withSize(0, mdat), moov(table)],
  ['a box smaller than its head', ftyp, withSize(7, mdat), moov(table)],
  ['surplus bytes', ftyp, mdat, moov(table), Buffer.alloc(3)],
  ['a table larger than its box', ftyp, mdat, moov(track(box('stco', count(2), Buffer.alloc(4))))],
  ['a table of 2^32 offsets', ftyp, mdat, moov(track(box('stco', count(2 ** 32 - 1))))],
  ['a table without a count', ftyp, mdat, moov(track(box('stco', Buffer.alloc(4))))],
  ['boxes nested too deep', ftyp, mdat, nested(12)],
  ['too many boxes', ftyp, mdat, moov(table, many('free'))],
  ['too many boxes in containers', ftyp, mdat, moov(table, box('trak', many('minf')))],
  ['too many items', ftyp, mdat, moov(table, box('meta', Buffer.alloc(4), many('free')))],
  [
    'a size of 64 bits beyond any file',
    ftyp,
    Buffer.concat([withSize(1, box('mdat')), Buffer.alloc(8, 0xff)]),
  ],
  ['a damaged track', ftyp, mdat, moov(box('trak', withSize(99, box('mdia'))))],
]

describe('what is left as it is', () => {
  it.each(LEFT)('%s', async (_what, ...file) => {
    const source = countingSource(Buffer.concat(file))
    expect(await faststart(source)).toBe(source)
  })

  it('a hostile file, at the cost of few reads and little memory', async () => {
    const boxes = Buffer.concat(Array.from({ length: 10_000 }, () => box('free')))
    const many = countingSource(boxes)
    expect(await faststart(many)).toBe(many)
    expect(many.reads.length).toBeLessThan(70)
    // An index of 5 GB in a file of 6.
    const head = Buffer.concat([ftyp, mdat])
    const huge = Buffer.alloc(16)
    huge.writeUInt32BE(1)
    huge.write('moov', 4)
    huge.writeBigUInt64BE(5_000_000_000n, 8)
    const start = Buffer.concat([head, huge])
    let read = 0
    const size = head.length + 5_000_000_000
    const large: FileSource = {
      size,
      read(from, to) {
        read += to - from
        return Buffer.concat([start.subarray(from, to), Buffer.alloc(to - from)]).subarray(
          0,
          to - from,
        )
      },
    }
    expect(await faststart(large)).toBe(large)
    expect(read).toBeLessThan(1000)
  })
})

describe('a film that was moved', () => {
  const index = moov(
    track(
      offsetBox(
        'stco',
        Array.from({ length: 300 }, (_, i) => AT + i),
      ),
    ),
    track(offsetBox('co64', [AT])),
  )
  const bytes = Buffer.concat([ftyp, mdat, index])

  it.each([
    ['arrays', (asked: Uint8Array) => asked],
    ['few bytes at a time', (asked: Uint8Array) => asked.subarray(0, 7)],
    ['streams', (asked: Uint8Array) => streamOf(asked, 50)],
  ])('has any range, of a source that gives %s', async (_what, read) => {
    const moved = await faststart(countingSource(bytes, { read }))
    const whole = await readBytes(moved, 0, moved.size)
    const position = fc.nat(moved.size)
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const part = await readBytes(moved, start, end)
        expect(Buffer.compare(part, whole.subarray(start, end))).toBe(0)
      }),
    )
  })

  it('does not change the bytes of its source', async () => {
    const before = Buffer.from(bytes)
    const moved = await faststart(countingSource(bytes))
    await readBytes(moved, 0, moved.size)
    expect(bytes.equals(before)).toBe(true)
  })

  it.each([
    ['a strong tag', '"remembered"', 0],
    ['a weak tag', 'W/"remembered"', 3],
    ['no tag', undefined, 3],
  ])('with %s is remembered, or not', async (_what, etag, reads) => {
    await faststart(countingSource(bytes, { etag }))
    const again = countingSource(bytes, { etag })
    await faststart(again)
    expect(again.reads.length).toBe(reads)
  })

  it('is learned once for all who come at the same time', async () => {
    const sources = Array.from({ length: 5 }, () => countingSource(bytes, { etag: '"at once"' }))
    const moved = await Promise.all(sources.map((source) => faststart(source)))
    expect(sources.map(({ reads }) => reads.length)).toEqual([3, 0, 0, 0, 0])
    const whole = await readBytes(await faststart(countingSource(bytes)), 0, bytes.length)
    for (const each of moved) expect(await sameBytes(each, whole)).toBe(true)
  })

  it('is learned by the next if the first can not read it', async () => {
    const etag = '"at odds"'
    const broken = countingSource(bytes, { etag, read: () => Promise.reject(new Error('EIO')) })
    const sources = [broken, countingSource(bytes, { etag }), countingSource(bytes, { etag })]
    const outcomes = await Promise.allSettled(sources.map((source) => faststart(source)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(sources.map(({ reads }) => reads.length)).toEqual([1, 3, 0])
  })

  it('is another one with another size or id, although of the same tag', async () => {
    const etag = '"same"'
    await faststart(countingSource(bytes, { etag }))
    const other = countingSource(Buffer.concat([ftyp, moov(), mdat]), { etag })
    expect(await faststart(other)).toBe(other)
    const named = countingSource(bytes, { etag })
    await faststart(named, { id: 'named' })
    expect(named.reads.length).toBe(3)
  })

  it('reads of its media data only what was asked for', async () => {
    const etag = '"counted"'
    await faststart(countingSource(bytes, { etag }))
    const source: CountingSource = countingSource(bytes, { etag })
    const moved = await faststart(source)
    const start = AT + index.length + 100
    await readBytes(moved, start, start + 50)
    expect(source.reads).toEqual([[AT + 100, AT + 150]])
  })

  it("uses the runtime's own way for a part that is together, and for no other", async () => {
    const asked: [number, number][] = []
    class Native {
      readonly bufferLimit = 5
      sync(start: number, end: number) {
        asked.push([start, end])
        return bytes.subarray(start, end)
      }
      body(start: number, end: number) {
        return this.sync(start, end)
      }
    }
    const read = Object.assign((start: number, end: number) => bytes.subarray(start, end), {
      native: new Native(),
    })
    const moved = await faststart({ size: bytes.length, read })
    const at = AT + index.length
    expect([moved.read.native?.sync?.(at, at + 9), moved.read.native?.body?.(at, at + 9)]).toEqual([
      bytes.subarray(AT, AT + 9),
      bytes.subarray(AT, AT + 9),
    ])
    expect(moved.read.native?.sync?.(0, at)).toBe(null)
    expect(moved.read.native?.body?.(ftyp.length, ftyp.length + 9)).toBe(null)
    expect([asked, moved.read.native?.bufferLimit]).toEqual([
      [
        [AT, AT + 9],
        [AT, AT + 9],
      ],
      5,
    ])
  })

  it('keeps what its source says, but its digests', async () => {
    const lastModified = new Date(0)
    const headers = { 'cache-control': 'no-cache', 'Repr-Digest': 'sha-256=:AA==:' }
    const moved = await faststart(countingSource(bytes, { lastModified, headers, etag: 'W/"a"' }))
    expect(moved).toMatchObject({
      lastModified,
      etag: 'W/"a-faststart"',
      headers: { 'cache-control': 'no-cache' },
    })
    expect(Object.keys(Object(moved.headers))).toEqual(['cache-control'])
  })

  it('stays no-store where it is still being written, whatever a site says of all films', async () => {
    const headers = { 'cache-control': 'no-store' }
    const tree = { open: () => ({ ...countingSource(bytes, { headers }), isLive: true }) }
    const options = { transform: faststartFilms, type: () => 'video/mp4' }
    const handler = fileHandler(site(tree, { ...options, cacheControl: () => 'max-age=60' }))
    const response = await handler(new Request('http://localhost/film.mp4'))
    expect(Buffer.from(await response.bytes()).indexOf('moov')).toBe(ftyp.length + 4)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('closes its source when it is served, and when it can not be read', async () => {
    const source = countingSource(bytes)
    const response = await serveFile(new Request('http://localhost/'), await faststart(source))
    await response.bytes()
    expect(source.closes).toBe(1)
    const broken = countingSource(bytes, { read: () => Promise.reject(new Error('EIO')) })
    await expect(faststart(broken)).rejects.toThrow('EIO')
    expect(broken.closes).toBe(1)
  })
})

describe('a film of another server', () => {
  const bytes = Buffer.concat([ftyp, mdat, moov(track(offsetBox('stco', [AT])))])
  it.each<[what: string, fields: Record<string, string>, tag: string | undefined]>([
    ['of a weak tag', { etag: 'W/"a"' }, 'W/"a"'],
    ['without a tag', {}, undefined],
    ['without ranges', { etag: '"a"', 'accept-ranges': 'none' }, '"a"'],
    ['of a strong tag', { etag: '"a"' }, '"a-faststart"'],
  ])('%s is moved, or left as it is where it can be read once only', async (_what, fields, tag) => {
    const origin = await startOrigin()
    onTestFinished(() => origin.stop())
    const hasRanges = !('accept-ranges' in fields)
    const whole = {
      status: 200,
      headers: { 'content-length': `${bytes.length}`, ...fields },
      bytes,
    }
    origin.behave(
      serving({ bytes, etag: fields.etag, fields }, (part) => (hasRanges ? part : whole)),
    )
    const handler = fileHandler(httpOrigin(origin.url, { transform: faststartFilms }))
    const stored = countingSource(bytes)
    const film = tag?.includes('faststart') ? await faststart(stored) : stored
    for (const method of ['HEAD', 'GET']) {
      const response = await handler(new Request('http://localhost/a.mp4', { method }))
      const etag = response.headers.get('etag') ?? undefined
      expect({ status: response.status, etag }).toEqual({ status: 200, etag: tag })
      if (method === 'GET') expect(await sameBytes(film, await response.bytes())).toBe(true)
    }
  })
})

describe('two films of one name, tag and size', () => {
  const alike = [offsetBox('stco', [AT, AT]), offsetBox('co64', [AT])].map((table) =>
    Buffer.concat([ftyp, mdat, moov(track(table))]),
  )
  it('are remembered each by its tree', async () => {
    const sites = alike.map((bytes) => site(treeOf([['a.mp4', bytes]]), OPTIONS))
    for (const i of [0, 1, 0]) {
      const film = await sites[i]?.(new Request('http://localhost/a.mp4'))
      expect(await sameBytes(film as FileSource, await alone(alike[i] ?? null))).toBe(true)
    }
  })

  it('are remembered each by its folder, where users see only their own', async () => {
    const tree = treeOf(alike.map((bytes, user) => [`${user}/a.mp4`, bytes]))
    const within = ({ headers }: RequestLike) => headers.get('user')
    const lookup = site(tree, { ...OPTIONS, within })
    for (const i of [0, 1, 0]) {
      const headers = { user: `${i}` }
      const film = await lookup(new Request('http://localhost/a.mp4', { headers }))
      expect(await sameBytes(film as FileSource, await alone(alike[i] ?? null))).toBe(true)
    }
  })

  it('are remembered by the store, where a site is made for each request', async () => {
    const opened: CountingSource[] = []
    const tree = treeOf(
      alike.map((bytes, i) => [`${i}/a.mp4`, bytes]),
      opened,
    )
    const store = {}
    const lookup = (folder: string) => {
      const view: FileTree = { open: (path, request) => tree.open(folder + path, request) }
      return site(ofStore(view, store, folder), OPTIONS)
    }
    for (const [i, reads] of [
      [0, 3],
      [1, 3],
      [0, 0],
    ] as const) {
      const film = await lookup(`${i}/`)(new Request('http://localhost/a.mp4'))
      expect(opened.at(-1)?.reads.length).toBe(reads)
      expect(await sameBytes(film as FileSource, await alone(alike[i] ?? null))).toBe(true)
    }
  })

  const OPTIONS: SiteOptions = { transform: faststartFilms }

  function treeOf(
    files: readonly [path: string, Buffer][],
    opened: CountingSource[] = [],
  ): FileTree {
    const stored = new Map(files)
    return {
      open(path) {
        const bytes = stored.get(path)
        if (bytes === undefined) return null
        const source = versioned(bytes)
        opened.push(source)
        return source
      },
    }
  }

  function versioned(bytes: Buffer): CountingSource {
    return countingSource(bytes, { etag: '"1"' })
  }

  /** What becomes of a film of which nothing is remembered. */
  async function alone(bytes: Buffer | null): Promise<Uint8Array> {
    const film = await faststart(countingSource(bytes ?? Buffer.alloc(0)))
    return readBytes(film, 0, film.size)
  }
})

async function sameBytes(source: FileSource, expected: Uint8Array | null): Promise<boolean> {
  const bytes = await readBytes(source, 0, source.size)
  return expected !== null && Buffer.compare(bytes, expected) === 0
}

/** A box that says another size. */
function withSize(size: number, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  changed.writeUInt32BE(size)
  return changed
}

/** A version, flags, and how many there are. */
function count(entries: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(entries, 4)
  return head
}

/** So many empty boxes, or more than an index has. */
function many(type: string, length = 100_000): Buffer {
  return Buffer.alloc(8 * length, box(type))
}

function nested(depth: number): Buffer {
  return depth === 0 ? moov(table) : box('moov', nested(depth - 1))
}
