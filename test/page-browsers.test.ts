import { once } from 'node:events'
import {
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { formatSize } from '../adapters/site/size.ts'
import { writeStretched } from './command-film.ts'
import { columns, type Running, startCommand, stopCommands } from './command-process.ts'
import { BROWSERS, type Tab } from './support/tab.ts'
import { temporaryDirectory } from './support/temporary.ts'

const PATIENT = { timeout: 30_000 }
const MEDIA = fileURLToPath(new URL('../examples/media/', import.meta.url))
/** Of every film in examples/media, in seconds. */
const DURATION = 20
/** More than a browser reads on for, rather than ask for what lies behind. */
const GAP = 256 * 1024 * 1024

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Of one pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** One page with two words on it. */
const PDF = [
  '%PDF-1.4',
  '1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj',
  '2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj',
  '3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj',
  '4 0 obj <</Length 36>> stream',
  'BT /F 24 Tf 40 99 Td (Hello you) Tj ET',
  'endstream endobj',
  '5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj',
  'trailer <</Size 6/Root 1 0 R>>',
].join('\n')

const root = temporaryDirectory()
let server: Running
let url = ''
/** A folder of what is out of the ordinary. */
const odd = temporaryDirectory()
let oddUrl = ''
/** A folder of 2 100 films. */
const many = temporaryDirectory()
let manyUrl = ''

beforeAll(async () => {
  const write = (to: string, content: string | Buffer, top = root) => {
    mkdirSync(dirname(join(top, to)), { recursive: true })
    writeFileSync(join(top, to), content)
  }
  const put = (from: string, to: string, top = root) => {
    write(to, readFileSync(join(MEDIA, from)), top)
  }
  for (const name of ['Stalker (1979)', '七人の侍 (1954)', 'عمر المختار (1981)']) {
    put('film.mp4', `Films/${name}/${name}.mp4`)
  }
  write(
    'Films/Stalker (1979)/Stalker (1979).en.srt',
    '1\n00:00:00,000 --> 00:00:09,000\nThe <b>zone</b>\n\n2\n00:00:10,000 --> 00:00:19,000\nThe room\n',
  )
  write(
    'Films/Stalker (1979)/Stalker (1979).chapters.vtt',
    'WEBVTT\n\n00:00.000 --> 00:10.000\nThe way\n\n00:10.000 --> 00:20.000\nThe zone\n',
  )
  put('film.webm', 'Films/Nosferatu.webm')
  writeStretched(join(MEDIA, 'film-moov-at-end.mp4'), join(root, 'Films/Far away.mp4'), GAP)
  write('Films/Broken.mp4', 'this is no film')
  for (const number of [1, 2, 10]) {
    put(
      'film.mp4',
      `Wire/Season 1/The.Wire.S01E${String(number).padStart(2, '0')}.Part ${number}.mp4`,
    )
  }
  put('notes.mp3', 'Music/Notes.mp3')
  for (const name of ['a', 'b']) write(`Pictures/${name}.png`, Buffer.from(PNG, 'base64'))
  for (let i = 0; i < 300; i++) write(`cache/${i}.json`, '{}')
  write('read me.txt', 'hello')
  write('Papers/Manual.pdf', PDF)
  server = startCommand('node', [root, '--port', '0'])
  url = await server.url
  put('film.mp4', 'Show/Show.S01E01.One.mp4', odd)
  put('film.webm', 'Show/Show.S01E02.Two.webm', odd)
  write('Show/Show.S01E03.Three.mp4', 'this is no film', odd)
  write('Show/Show.S01E01.One-poster.png', Buffer.from(PNG, 'base64'), odd)
  const cue = (text: string) => `1\n00:00:00,000 --> 00:00:19,000\n${text}\n`
  write('Show/Show.S01E01.One.en.srt', cue('One'), odd)
  write('Show/Show.S01E01.One.chapters.vtt', 'WEBVTT\n\n00:00.000 --> 00:20.000\nAll\n', odd)
  write('Show/Show.S01E02.Two.de.srt', cue('Zwei'), odd)
  write('Show/Show.S01E02.Two.en.forced.srt', cue('(German)'), odd)
  write('Show/Show.S01E02.Two.eng.srt', cue('Two'), odd)
  write('Live.webm', withoutDuration(readFileSync(join(MEDIA, 'film.webm'))), odd)
  writeSilence(join(odd, 'Song.wav'), 300)
  writeSilence(join(odd, 'Book.wav'), 700)
  for (let i = 1; i <= 130; i++) write(`Artists/artist ${i}/notes.txt`, '', odd)
  for (const [name, width, height] of [
    ['tall', 300, 4000],
    ['wide', 4000, 300],
  ] as const) {
    write(
      `Photos/${name}.svg`,
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`,
      odd,
    )
  }
  oddUrl = await startCommand('node', [odd, '--port', '0']).url
  cpSync(join(MEDIA, 'film.mp4'), join(many, 'Film 1.mp4'))
  for (let i = 2; i <= 2100; i++) linkSync(join(many, 'Film 1.mp4'), join(many, `Film ${i}.mp4`))
  manyUrl = await startCommand('node', [many, '--port', '0']).url
})

afterAll(stopCommands)

/** A WebM film as MediaRecorder writes it: its Duration is Void, of the same length. */
function withoutDuration(film: Buffer): Buffer {
  const at = film.indexOf(Buffer.from([0x44, 0x89, 0x88]))
  if (at < 0) throw new Error('Expected a WebM film with a Duration of eight bytes')
  film.fill(0, at, at + 11)
  film.set([0xec, 0x89], at)
  return film
}

/** A WAV file of one byte a sample, 8 000 a second. */
function writeSilence(path: string, seconds: number): void {
  const [rate, length] = [8000, 8000 * seconds]
  const head = Buffer.alloc(44)
  head.write('RIFF____WAVEfmt ')
  head.writeUInt32LE(36 + length, 4)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(length, 40)
  writeFileSync(path, head)
  truncateSync(path, 44 + length)
}

describe.each(BROWSERS)('in $name', ({ launch }) => {
  let tab: Tab

  beforeAll(async () => {
    tab = await launch()
  })
  afterAll(() => tab?.close())

  // The page of a test that is over plays on, and keeps its place in the film as it is left: the next
  // test, or the same once more, would go on there.
  afterEach(() =>
    tab
      .run(() => {
        localStorage.clear()
        Storage.prototype.setItem = () => {}
      })
      .catch(() => {}),
  )

  /** Opens the page with a film, whose metadata have come. */
  async function open(name: string, at = url): Promise<void> {
    await tab.open(`${at}#${name.split('/').map(encodeURIComponent).join('/')}`)
    await expect.poll(state, PATIENT).toMatchObject({ isReady: true })
  }

  function state() {
    return tab.run(() => {
      const medium = document.querySelector<HTMLMediaElement>('#player > video, #player > audio')
      const current = document.querySelector('[aria-current=true] .name')
      return {
        title: document.title,
        current: current?.textContent ?? null,
        isReady: medium !== null && medium.readyState > 0,
        isPaused: medium?.paused ?? null,
        isMuted: medium?.muted ?? null,
        time: Math.round(medium?.currentTime ?? -1),
        speed: medium?.playbackRate ?? null,
        captions: [...(medium?.textTracks ?? [])].filter(({ mode }) => mode === 'showing').length,
      }
    })
  }

  /** What is said where a film goes on. */
  function resumed(): Promise<string | null> {
    return tab.run(() => document.querySelector('#resumed:not([hidden])')?.textContent ?? null)
  }

  async function seek(to: number): Promise<void> {
    await tab.run(async (time: number) => {
      const medium = document.querySelector<HTMLMediaElement>('#player > video, #player > audio')
      if (medium === null) throw new Error('Expected a film or a song')
      const seeked = new Promise((resolve) => {
        medium.addEventListener('seeked', resolve, { once: true })
      })
      medium.currentTime = time
      await seeked
    }, to)
  }

  /** The titles of what can be seen in the list. */
  function titles(): Promise<string[]> {
    return tab.run(() => {
      const names = [...document.querySelectorAll<HTMLElement>('.media .name')]
      return names
        .filter((name) => name.offsetParent !== null)
        .map(({ textContent }) => `${textContent}`)
    })
  }

  function click(selector: string): Promise<void> {
    return tab.run((it: string) => document.querySelector<HTMLElement>(it)?.click(), selector)
  }

  test('films come in order, without their folders; nothing hides them', async () => {
    await tab.open(url)
    expect(await titles()).toEqual([
      'Broken',
      'Far away',
      'Nosferatu',
      'Stalker (1979)',
      'عمر المختار (1981)',
      '七人の侍 (1954)',
      'Notes',
      'Part 1',
      'Part 2',
      'Part 10',
    ])
    expect(await tab.run(() => document.querySelector('#counts span')?.textContent)).toBe(
      '9 videos, 1 song, 2 pictures, 302 others',
    )
  })

  test('after 20 seeks the range map is the log of the server, byte for byte', async () => {
    await open('Films/Far away.mp4')
    const places = [0.9, 0.1, 0.7, 0.3, 0.95, 0.05, 0.5, 0.8, 0.2, 0.6]
    for (const part of [...places, ...places.toReversed()]) await seek(part * DURATION)
    const view = await tab.run(() => {
      const medium = document.querySelector('video')
      const name = new URL(medium?.src ?? '').searchParams.get('view')
      // What is still running ends, and the log tells of it.
      medium?.removeAttribute('src')
      medium?.load()
      return name
    })
    const logged = () => {
      const lines = server.log().map(columns)
      return lines
        .filter(([, , target]) => target === `/Films/Far%20away.mp4?view=${view}`)
        .map(([, , , range, status, sent, , outcome]) => [range, status, sent, outcome ?? ''])
    }
    const drawn = () =>
      tab.run(() => {
        const rows = [...document.querySelectorAll<HTMLElement>('#requests tr')]
        return {
          requests: Number(document.querySelector<HTMLElement>('#map')?.dataset.requests),
          sent: Number(document.querySelector<HTMLElement>('#map')?.dataset.sent),
          isRunning: rows.some(({ dataset }) => dataset.state === 'running'),
          last: rows.map(({ dataset }) => [
            dataset.range || '-',
            dataset.status,
            `${dataset.sent} B`,
            dataset.state === 'aborted' ? 'aborted' : '',
          ]),
        }
      })
    await expect
      .poll(
        async () => (await drawn()).requests === logged().length && !(await drawn()).isRunning,
        PATIENT,
      )
      .toBe(true)
    const { requests, sent, last } = await drawn()
    expect(requests).toBeGreaterThan(1)
    expect(sent).toBe(
      logged().reduce((sum, [, , bytes]) => sum + Number.parseInt(bytes ?? '', 10), 0),
    )
    const order = (rows: unknown[][]) => rows.map((row) => row.join(' ')).sort()
    expect(order(logged())).toEqual(expect.arrayContaining(order(last)))
    expect(last.length).toBe(Math.min(6, requests))
    await tab.run(() => {
      const details = document.querySelector('details')
      if (details !== null) details.open = true
    })
    // Each row as it is seen, in pixels, beside what its line in the log comes to.
    const { size } = statSync(join(root, 'Films/Far away.mp4'))
    await expect
      .poll(async () => (await drawnRows()).map((row) => offBy(row, size, logged())), PATIENT)
      .toEqual(last.map(() => []))
    expect(tab.faults()).toEqual([])
  })

  /** The rows of the range map: their texts, and where in the line their parts begin and end. */
  function drawnRows() {
    return tab.run(() =>
      [...document.querySelectorAll<HTMLElement>('#requests tr')].map((row) => {
        const glass = row.querySelector<HTMLElement>('.line')
        // Some kilobytes of the film are less than a pixel of what fits on a screen.
        if (glass !== null) glass.style.width = '2000000px'
        const line = glass?.getBoundingClientRect() ?? new DOMRect()
        const span = (selector: string) => {
          const part = row.querySelector<HTMLElement>(selector)
          if (part === null || part.hidden) return null
          const { left, right } = part.getBoundingClientRect()
          return [left - line.left, right - line.left]
        }
        return {
          range: row.dataset.range || '-',
          sent: Number(row.dataset.sent),
          texts: [...row.querySelectorAll('[data-cell]')].slice(1).map((it) => it.textContent),
          width: line.width,
          asked: span('.asked'),
          part: span('.part'),
          tick: span('.tick'),
        }
      }),
    )
  }

  /** What of a row is not as one of the server's log lines says. */
  function offBy(
    row: Awaited<ReturnType<typeof drawnRows>>[number],
    size: number,
    log: readonly (string | undefined)[][],
  ): string[] {
    const { texts, width, asked, part, tick } = row
    const [, status, , outcome] = texts
    const isAborted = outcome === 'hung up'
    const isLogged = log.some(
      ([range, code, bytes, end]) =>
        range === row.range &&
        code === status &&
        Number.parseInt(bytes ?? '', 10) === row.sent &&
        (end === 'aborted') === isAborted,
    )
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(row.range) ?? []
    const [start, end] =
      status === '206' || status === '304'
        ? [Number(first), last === '' ? size : Number(last) + 1]
        : [0, 0]
    // What is very small is seen, too: some pixels at least.
    const isAt = (span: number[] | null, from: number, to: number) =>
      span !== null &&
      Math.abs((span[0] ?? NaN) - (from / size) * width) <= 4 &&
      Math.abs((span[1] ?? NaN) - (to / size) * width) <= 4
    const facts = {
      isLogged,
      range: texts[0] === (row.range === '-' ? 'all' : row.range.replace('bytes=', '')),
      sent: texts[2] === formatSize(row.sent),
      outcome: isAborted || outcome === '',
      asked: isAt(asked, start, end),
      part: row.sent === 0 ? part === null : isAt(part, start, start + row.sent),
      tick: isAborted ? isAt(tick, start + row.sent, start + row.sent) : tick === null,
    }
    return Object.entries(facts).flatMap(([name, isRight]) => (isRight ? [] : [name]))
  }

  test('the bar says in words what it shows, and a sentence where the index lies', async () => {
    await open('Films/Far away.mp4')
    await expect
      .poll(
        () => tab.run(() => document.querySelector('#bar')?.getAttribute('aria-label')),
        PATIENT,
      )
      .toMatch(
        /^The file as a bar of 269 MB: \d+ % of it was sent, played at \d+ %; its index is at 100 %$/,
      )
    const note = await tab.run(() => document.querySelector('#note')?.textContent)
    expect(note).toMatch(/^The index \(moov, 17 kB\) is at the end: /)
    await open('Films/Nosferatu.webm')
    await expect
      .poll(() => tab.run(() => document.querySelector('#note')?.textContent), PATIENT)
      .toMatch(/^The index \(Cues, \d+ B\) is at the end, as is usual in WebM/)
  })

  test('an episode is followed by the next, a film by nothing', async () => {
    await open('Wire/Season 1/The.Wire.S01E02.Part 2.mp4')
    await seek(DURATION - 0.5)
    await tab.press('k')
    await expect
      .poll(state, PATIENT)
      .toMatchObject({ title: 'Part 10', current: 'Part 10', isPaused: false })
    await open('Films/Nosferatu.webm')
    await seek(DURATION - 0.5)
    await tab.press('k')
    await expect
      .poll(() => tab.run(() => document.querySelector('video')?.ended), PATIENT)
      .toBe(true)
    expect(await state()).toMatchObject({ title: 'Nosferatu', time: DURATION })
  })

  test('the next episode plays in the same element, in full screen, and all is its own', async () => {
    await open('Show/Show.S01E02.Two.webm', oddUrl)
    await seek(11)
    await open('Show/Show.S01E01.One.mp4', oddUrl)
    await tab.run(() => document.querySelector('video')?.classList.add('first'))
    const facts = () =>
      tab.run(() => {
        const medium = document.querySelector('video')
        const tracks = [...(medium?.textTracks ?? [])]
        const shown = tracks.find(({ mode }) => mode === 'showing')
        return {
          title: document.querySelector('#title')?.textContent,
          isFirst: medium?.matches('.first'),
          isFull: medium !== null && document.fullscreenElement === medium,
          isPaused: medium?.paused,
          isReady: medium !== null && medium.readyState > 0,
          label: medium?.getAttribute('aria-label'),
          poster: medium?.getAttribute('poster') || null,
          tracks: tracks.map(({ label }) => label),
          cues: [...(shown?.cues ?? [])].map((cue) => (cue as VTTCue).text),
          chapters: document.querySelector<HTMLElement>('#chapters')?.hidden === false,
          note: document.querySelector('#note')?.textContent?.slice(0, 17),
          trouble: document.querySelector<HTMLElement>('#trouble')?.hidden === false,
          resumed: document.querySelector('#resumed:not([hidden])')?.textContent ?? null,
        }
      })
    const playing = (title: string) =>
      expect.poll(facts, PATIENT).toMatchObject({ title, isPaused: false, isReady: true })
    await tab.press('c', 'f')
    const one = {
      title: 'One',
      isFirst: true,
      isFull: true,
      isPaused: true,
      isReady: true,
      label: 'One',
      poster: `${oddUrl}Show/Show.S01E01.One-poster.png`,
      tracks: ['Chapters', 'English'],
      cues: ['One'],
      chapters: true,
      note: '',
      trouble: false,
      resumed: null,
    }
    await expect.poll(facts, PATIENT).toEqual(one)
    await seek(DURATION - 0.5)
    await tab.press('k')
    const two = {
      ...one,
      title: 'Two',
      label: 'Two',
      poster: null,
      tracks: ['German', 'English', 'English (forced)'],
      cues: ['Two'],
      chapters: false,
      note: 'The index (Cues, ',
      resumed: 'Resumed at 0:11: start over',
    }
    // It would soon be over.
    await playing('Two')
    await tab.press('k')
    await expect.poll(facts, PATIENT).toEqual(two)
    await tab.press('n')
    await expect
      .poll(facts, PATIENT)
      .toMatchObject({ title: 'Three', isFirst: true, trouble: true })
    await tab.press('p')
    await playing('Two')
    await tab.press('k')
    await expect.poll(facts, PATIENT).toMatchObject({ title: 'Two', trouble: false, isFirst: true })
    // It has ended: it begins anew.
    await tab.press('p')
    await playing('One')
    await tab.press('k')
    await expect.poll(facts, PATIENT).toEqual({ ...one, cues: expect.any(Array) })
    await tab.press('f')
    await expect.poll(facts, PATIENT).toMatchObject({ isFull: false })
  })

  test('a song begins at its beginning, an audiobook where it was left', async () => {
    for (const [name, time, text] of [
      ['Song.wav', 0, null],
      ['Book.wav', 200, 'Resumed at 3:20: start over'],
    ] as const) {
      await open(name, oddUrl)
      await seek(200)
      await open(name, oddUrl)
      await expect.poll(state, PATIENT).toMatchObject({ time })
      // What is done as soon as its length is known is done before a seek ends.
      await seek(3)
      expect(await resumed()).toBe(text)
    }
  })

  test('a browser that plays before it says that it knows the film goes on as well', async () => {
    await open('Show/Show.S01E02.Two.webm', oddUrl)
    await seek(11)
    await open('Show/Show.S01E01.One.mp4', oddUrl)
    // As WebKit does it.
    await tab.run(() => {
      const hold = (event: Event) => {
        if (!event.isTrusted) return
        event.stopImmediatePropagation()
        event.target?.addEventListener(
          'timeupdate',
          () => event.target?.dispatchEvent(new Event('loadedmetadata')),
          { once: true },
        )
      }
      addEventListener('loadedmetadata', hold, true)
    })
    await tab.press('n')
    await expect.poll(resumed, PATIENT).toBe('Resumed at 0:11: start over')
  })

  test('captions stay on in a browser that turns them off at the next film', async () => {
    await open('Show/Show.S01E01.One.mp4', oddUrl)
    await tab.press('c')
    // As WebKit does it, where there are several.
    await tab.run(() => {
      addEventListener(
        'loadstart',
        ({ target }) => {
          if (!(target instanceof HTMLMediaElement)) return
          for (const track of target.textTracks) track.mode = 'disabled'
        },
        true,
      )
    })
    await tab.press('n')
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Two', isReady: true, captions: 1 })
  })

  test('places that something else left in the browser are no trouble', async () => {
    await tab.open(url)
    for (const left of ['null', '[null,1,["x"]]']) {
      await tab.run((text: string) => localStorage.setItem('byteserve', text), left)
      await open('Films/Nosferatu.webm')
      await seek(11)
      await open('Films/Nosferatu.webm')
      await expect.poll(state, PATIENT).toMatchObject({ time: 11 })
    }
  })

  test('captions are shown in the language of the reader, whatever code it has', async () => {
    await open('Show/Show.S01E02.Two.webm', oddUrl)
    const shown = () =>
      tab.run(() => {
        const tracks = [...(document.querySelector('video')?.textTracks ?? [])]
        return tracks.filter(({ mode }) => mode === 'showing').map(({ label }) => label)
      })
    await tab.press('c')
    expect(await shown()).toEqual(['English'])
    await tab.press('c')
    expect(await shown()).toEqual([])
  })

  test('keys go on in a recording whose length is not known', async () => {
    await open('Live.webm', oddUrl)
    // Firefox takes for its end what has come of it so far, and may stop there until it plays.
    const seekable = () =>
      tab.run(() => {
        const film = document.querySelector('video')
        if (film) film.preload = 'auto'
        return film?.seekable.length ? film.seekable.end(0) : 0
      })
    await expect.poll(seekable, PATIENT).toBeGreaterThanOrEqual(DURATION)
    await tab.press('l')
    await expect.poll(state, PATIENT).toMatchObject({ time: 10 })
    await tab.press('ArrowRight')
    await expect.poll(state, PATIENT).toMatchObject({ time: 15 })
    await tab.press('j')
    await expect.poll(state, PATIENT).toMatchObject({ time: 5 })
  })

  test('a film goes on where it was left, or from its start', async () => {
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await seek(11)
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await expect.poll(state, PATIENT).toMatchObject({ time: 11 })
    expect(await resumed()).toBe('Resumed at 0:11: start over')
    await click('#resumed')
    await expect.poll(state, PATIENT).toMatchObject({ time: 0 })
    expect(await resumed()).toBeNull()
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await seek(3)
    expect(await resumed()).toBeNull()
  })

  test('captions come from an .srt beside the film, chapters from a file beside it', async () => {
    await open('Films/Stalker (1979)/Stalker (1979).mp4')
    await tab.press('c')
    await expect.poll(state, PATIENT).toMatchObject({ captions: 1 })
    const cues = () =>
      tab.run(() => {
        const track = [...(document.querySelector('video')?.textTracks ?? [])].find(
          ({ mode }) => mode === 'showing',
        )
        return [...(track?.cues ?? [])].map((cue) => [
          cue.startTime,
          cue.endTime,
          (cue as VTTCue).text,
        ])
      })
    await expect.poll(cues, PATIENT).toEqual([
      [0, 9, 'The <b>zone</b>'],
      [10, 19, 'The room'],
    ])
    await tab.press('c')
    expect(await state()).toMatchObject({ captions: 0 })
    await expect
      .poll(() => tab.run(() => document.querySelectorAll('#chapters button').length), PATIENT)
      .toBe(2)
    await click('#chapters li:last-child button')
    await expect.poll(state, PATIENT).toMatchObject({ time: 10 })
    expect(tab.faults()).toEqual([])
  })

  test('the keyboard alone does it all', async () => {
    await open('Wire/Season 1/The.Wire.S01E01.Part 1.mp4')
    await tab.press('m', ' ')
    await expect.poll(state, PATIENT).toMatchObject({ isPaused: false, isMuted: true })
    await tab.press('k')
    await expect.poll(state, PATIENT).toMatchObject({ isPaused: true })
    await seek(6)
    for (const [key, time] of [
      ['l', 16],
      ['j', 6],
      ['ArrowRight', 11],
      ['ArrowLeft', 6],
    ] as const) {
      await tab.press(key)
      await expect.poll(state, PATIENT).toMatchObject({ time })
    }
    // The browser's own player would do it a second time.
    await tab.run(() => document.querySelector('video')?.focus())
    await tab.press('ArrowRight')
    await expect.poll(state, PATIENT).toMatchObject({ time: 11 })
    await tab.press(' ')
    await expect.poll(state, PATIENT).toMatchObject({ isPaused: false })
    await tab.press(' ')
    await expect.poll(state, PATIENT).toMatchObject({ isPaused: true })
    await tab.press('>', '>', '<')
    expect(await state()).toMatchObject({ speed: 1.25 })
    await tab.press('n')
    await expect
      .poll(state, PATIENT)
      .toMatchObject({ title: 'Part 2', isPaused: false, speed: 1.25 })
    await tab.press('p')
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Part 1' })
    await tab.press('?')
    expect(await tab.run(() => document.querySelector('#shortcuts')?.matches('[open]'))).toBe(true)
    await tab.press('Escape')
    expect(await tab.run(() => document.querySelector('#shortcuts')?.matches('[open]'))).toBe(false)
    await tab.press('/', ...'nosf')
    await expect.poll(titles, PATIENT).toEqual(['Nosferatu'])
    await tab.press('Enter')
    await tab.press('Enter')
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Nosferatu', isPaused: false })
    expect(tab.faults()).toEqual([])
  })

  test('the filter finds files in all folders, while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.press('k', '/', ...'299')
    await expect
      .poll(
        () =>
          tab.run(() =>
            [...document.querySelectorAll('.others .name')].map((it) => it.textContent),
          ),
        PATIENT,
      )
      .toEqual(['cache/299.json'])
    expect(await titles()).toEqual([])
    expect(await state()).toMatchObject({ title: 'Nosferatu', isPaused: false })
    await tab.press('Escape')
    await expect.poll(async () => (await titles()).length, PATIENT).toBe(10)
    expect(await state()).toMatchObject({ current: 'Nosferatu' })
  })

  test('an answer to older words is not shown; Enter waits for that to the newer', async () => {
    await tab.open(manyUrl)
    await tab.run(() => {
      const ask = window.fetch
      window.fetch = async (target, init) => {
        const response = await ask(target, init)
        document.body.dataset.held = new URL(response.url).search
        await new Promise((go) => document.addEventListener('go', go, { once: true }))
        init?.signal?.throwIfAborted()
        return response
      }
    })
    const held = () => tab.run(() => document.body.dataset.held)
    const go = () => tab.run(() => void document.dispatchEvent(new Event('go')))
    await tab.press('/', '1')
    await expect.poll(held, PATIENT).toBe('?q=1')
    await tab.press('7', '7')
    await go()
    await expect.poll(held, PATIENT).toBe('?q=177')
    expect(await titles()).toEqual(['Film 177'])
    await tab.press('7', 'Enter')
    await expect.poll(held, PATIENT).toBe('?q=1777')
    await go()
    await expect
      .poll(() => tab.run(() => document.activeElement?.textContent?.slice(0, 9)), PATIENT)
      .toBe('Film 1777')
    expect(await titles()).toEqual(['Film 1777'])
  })

  test('who types goes on typing, also when the first film is found', async () => {
    await tab.open(`${url}?q=read`)
    const facts = () =>
      tab.run(() => ({
        words: document.querySelector<HTMLInputElement>('#words')?.value,
        focus: document.activeElement?.id,
        stage: document.querySelector<HTMLElement>('#stage')?.offsetHeight !== 0,
        title: document.querySelector('#title')?.textContent,
        place: location.search,
      }))
    expect(await facts()).toMatchObject({ words: 'read', stage: false })
    await tab.press('/', ...'no')
    await expect.poll(async () => (await facts()).place, PATIENT).toBe('?q=no')
    await tab.press('s', 'm')
    await expect
      .poll(facts, PATIENT)
      .toMatchObject({ words: 'nosm', focus: 'words', title: 'Nosferatu' })
    expect(await state()).toMatchObject({ isMuted: false })
  })

  test('a folder is entered and left while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.press('k')
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles, PATIENT).toEqual(['Part 1', 'Part 2', 'Part 10'])
    expect(await tab.run(() => location.pathname)).toBe('/Wire/')
    expect(await state()).toMatchObject({ title: 'Nosferatu', current: null, isPaused: false })
    await click('#place a')
    await expect.poll(async () => (await titles()).length, PATIENT).toBe(10)
    await tab.run(() => history.back())
    await expect.poll(titles, PATIENT).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await click('.media a')
    await expect
      .poll(state, PATIENT)
      .toMatchObject({ title: 'Part 1', current: 'Part 1', isPaused: false })
  })

  test('an archive is had of the folder that is shown, by the keyboard, while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.press('k')
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles, PATIENT).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await tab.run(() => document.querySelector<HTMLElement>('#counts button')?.focus())
    await tab.press('Enter')
    const archives = () =>
      server
        .log()
        .map(columns)
        .filter(([, , target]) => target === '/Wire/?zip=')
        .map(([, , , , status, , , outcome]) => [status, outcome])
    await expect.poll(archives, PATIENT).toContainEqual(['200', undefined])
    expect(await state()).toMatchObject({ title: 'Nosferatu', isPaused: false })
    expect(tab.faults()).toEqual([])
  })

  test('Back brings the filter and the order of what it brings back', async () => {
    const search = () =>
      tab.run(() => ({
        place: location.pathname + location.search,
        words: document.querySelector<HTMLInputElement>('#words')?.value,
        order: document.querySelector<HTMLSelectElement>('#order')?.value,
        isListed: document.querySelector('.video[href$="Part%202.mp4"]') !== null,
        count: document.querySelector('#counts span')?.textContent,
      }))
    await tab.open(url)
    await tab.run(() => {
      const order = document.querySelector<HTMLSelectElement>('#order')
      if (order === null) throw new Error('Expected a choice of orders')
      order.value = 'date'
      order.dispatchEvent(new Event('change'))
    })
    await expect.poll(search, PATIENT).toMatchObject({ place: '/?sort=date', order: 'date' })
    await tab.press('/', ...'wire')
    const found = {
      place: '/?q=wire&sort=date',
      words: 'wire',
      order: 'date',
      isListed: true,
      count: '3 videos',
    }
    await expect.poll(search, PATIENT).toEqual(found)
    await click('#place a')
    const all = { place: '/', words: '', order: 'name' }
    await expect.poll(search, PATIENT).toMatchObject(all)
    await tab.run(() => history.back())
    await expect.poll(search, PATIENT).toEqual(found)
    await tab.run(() => history.forward())
    await expect.poll(search, PATIENT).toMatchObject(all)
  })

  test('the filter finds folders, and one page more than a hundred', async () => {
    const folders = () =>
      tab.run(() => {
        const links = [...document.querySelectorAll<HTMLElement>('.folders a')]
        return links.filter((link) => link.offsetParent !== null).map((link) => link.textContent)
      })
    await tab.open(`${oddUrl}Artists/`)
    expect((await folders()).at(-1)).toBe('artist 100')
    await click('#pages a[rel=next]')
    await expect.poll(async () => (await folders()).at(-1), PATIENT).toBe('artist 130')
    await click('#place a')
    await expect.poll(folders, PATIENT).toEqual(['Artists', 'Photos', 'Show'])
    await tab.press('/', ...'artist 117')
    await expect.poll(folders, PATIENT).toEqual(['Artists/artist 117'])
    await tab.press('Enter', 'Enter')
    await expect
      .poll(() => tab.run(() => location.pathname), PATIENT)
      .toBe('/Artists/artist%20117/')
  })

  test('the link to the files leaves the address to what plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.run(() => document.querySelector<HTMLElement>('.skip')?.focus())
    await tab.press('Enter')
    await expect.poll(() => tab.run(() => document.activeElement?.id), PATIENT).toBe('shelf')
    expect(await tab.run(() => location.hash)).toBe('#Films/Nosferatu.webm')
    await tab.press('Tab')
    expect(await tab.run(() => document.activeElement?.closest('#shelf')?.id ?? null)).toBe('shelf')
  })

  test('pictures are shown in place, one after the other', async () => {
    await tab.open(`${url}Pictures/`)
    await tab.run(() => document.querySelector<HTMLElement>('.picture')?.focus())
    await tab.press('Enter')
    const shown = () =>
      tab.run(() => {
        const image = document.querySelector<HTMLImageElement>('#viewer[open] img')
        return image === null ? null : [image.alt, image.complete && image.naturalWidth]
      })
    await expect.poll(shown, PATIENT).toEqual(['a', 1])
    await tab.press('ArrowRight')
    await expect.poll(shown, PATIENT).toEqual(['b', 1])
    await tab.press('Escape')
    await expect
      .poll(() => tab.run(() => document.activeElement?.getAttribute('href')), PATIENT)
      .toBe('b.png')
    expect(await shown()).toBeNull()
    expect(tab.faults()).toEqual([])
  })

  test('a picture of any shape fits, above buttons in one row', async () => {
    onTestFinished(() => tab.resize(1280, 900))
    await tab.open(`${oddUrl}Photos/`)
    const facts = () =>
      tab.run(async () => {
        const rect = (selector: string) => {
          const found = document.querySelector(`#viewer ${selector}`)
          return found?.getBoundingClientRect() ?? new DOMRect()
        }
        await document.querySelector<HTMLImageElement>('#viewer img')?.decode()
        const [frame, image] = [rect('.frame'), rect('img')]
        const buttons = ['.open', '.previous', '.next', '.close'].map(rect)
        return {
          isInside:
            image.top >= frame.top - 1 &&
            image.bottom <= frame.bottom + 1 &&
            image.left >= frame.left - 1 &&
            image.right <= frame.right + 1,
          isLarge: image.height > frame.height - 2 || image.width > frame.width - 2,
          isRow: buttons.every(({ top }) => top < Math.min(...buttons.map((it) => it.bottom))),
        }
      })
    await click('.picture')
    for (const [width, height] of [
      [1280, 900],
      [844, 390],
      [390, 844],
    ] as const) {
      await tab.resize(width, height)
      for (const _ of ['tall', 'wide']) {
        await expect.poll(facts, PATIENT).toEqual({ isInside: true, isLarge: true, isRow: true })
        await tab.press('ArrowRight')
      }
    }
  })

  test('what has the focus in the viewer is seen, and does not lead away', async () => {
    await tab.open(`${url}Pictures/`)
    await tab.run(() => document.querySelector<HTMLElement>('.picture')?.focus())
    await tab.press('Enter')
    const contrast = () =>
      tab.run(() => {
        const luminance = (colour: string) => {
          const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((text) => {
            const value = Number(text) / 255
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue
        }
        const button = document.querySelector('#viewer .close:focus-visible')
        const dialog = document.querySelector('#viewer')
        if (button === null || dialog === null) throw new Error('Expected the focus on Close')
        const ring = luminance(getComputedStyle(button).outlineColor)
        const [ground, surface] = [dialog, button].map((it) => {
          return luminance(getComputedStyle(it).backgroundColor)
        })
        return (ring + 0.05) / (Math.max(ground ?? 1, surface ?? 1) + 0.05)
      })
    await expect.poll(contrast, PATIENT).toBeGreaterThan(3)
  })

  test('a PDF is shown in place', async () => {
    await tab.open(`${url}Papers/`)
    await click('.pdf')
    const shown = () =>
      tab.run(() => document.querySelector<HTMLIFrameElement>('#viewer[open] iframe')?.src ?? null)
    await expect.poll(shown, PATIENT).toBe(`${url}Papers/Manual.pdf`)
    const asked = () => server.log().map(columns)
    await expect
      .poll(() => asked().filter(([, , target]) => target === '/Papers/Manual.pdf').length, PATIENT)
      .toBeGreaterThan(0)
    await click('#viewer .close')
    expect(await shown()).toBeNull()
    expect(tab.faults()).toEqual([])
  })

  test('a PDF is left to iPhones and iPads, which show its first page alone in place', async () => {
    await tab.open(`${url}Papers/`)
    const isLeft = () =>
      tab.run(() => {
        let isLeft = false
        const see = (event: Event) => {
          isLeft = !event.defaultPrevented
          event.preventDefault()
        }
        addEventListener('click', see, { once: true })
        document.querySelector<HTMLElement>('.pdf')?.click()
        document.querySelector<HTMLDialogElement>('#viewer[open]')?.close()
        return isLeft
      })
    expect(await isLeft()).toBe(false)
    await tab.run(() => {
      Object.defineProperty(navigator, 'vendor', { value: 'Apple Computer, Inc.' })
      Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 })
    })
    expect(await isLeft()).toBe(true)
  })

  test('a browser as old as Safari 15.4 filters, orders and fills the screen', async () => {
    await open('Films/Nosferatu.webm')
    await tab.run(() => {
      for (const [of, names] of [
        [URLSearchParams.prototype, ['size']],
        [Document.prototype, ['fullscreenElement', 'exitFullscreen']],
        [Element.prototype, ['requestFullscreen']],
        [Navigator.prototype, ['pdfViewerEnabled']],
        [Array.prototype, ['toReversed', 'toSorted', 'with']],
        [URL, ['canParse', 'parse']],
        [AbortSignal, ['any', 'timeout']],
      ] as const) {
        for (const name of names) Reflect.deleteProperty(of, name)
      }
      Object.assign(HTMLVideoElement.prototype, {
        webkitEnterFullscreen() {
          document.body.dataset.screen = 'full'
        },
      })
    })
    await tab.press('f')
    expect(await tab.run(() => document.body.dataset.screen)).toBe('full')
    await tab.press('/', ...'299')
    await expect.poll(() => tab.run(() => location.search), PATIENT).toBe('?q=299')
    await tab.press('Escape')
    await expect.poll(async () => (await titles()).length, PATIENT).toBe(10)
    await tab.run(() => {
      const order = document.querySelector<HTMLSelectElement>('#order')
      if (order !== null) order.value = 'size'
      order?.dispatchEvent(new Event('change'))
    })
    await expect.poll(() => tab.run(() => location.search), PATIENT).toBe('?sort=size')
    expect(tab.faults()).toEqual([])
  })

  test('opened with a name and a password in its address, folders are entered all the same', async () => {
    const own = startCommand('node', [root, '--port', '0', '--auth', 'me:secret'])
    const address = (await own.url).replace('//', '//me:secret@')
    await tab.open(`${address}#Films/Stalker%20(1979)/Stalker%20(1979).mp4`)
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Stalker (1979)', isReady: true })
    await tab.press('c')
    const cues = () =>
      tab.run(() => {
        const tracks = [...(document.querySelector('video')?.textTracks ?? [])]
        return tracks.find(({ mode }) => mode === 'showing')?.cues?.length
      })
    await expect.poll(cues, PATIENT).toBe(2)
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles, PATIENT).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await tab.run(() => history.back())
    await expect.poll(async () => (await titles()).length, PATIENT).toBe(10)
    await click('.video[href$="Broken.mp4"]')
    const trouble = () =>
      tab.run(() => document.querySelector('#trouble:not([hidden])')?.textContent ?? '')
    await expect.poll(trouble, PATIENT).toMatch(/^This browser can’t play this file/)
  })

  test('film no. 1500 of 2 100 is on its page; next and previous turn pages; the filter finds it', async () => {
    await tab.open(`${manyUrl}?page=6#Film%201500.mp4`)
    const playing = (title: string) => expect.poll(state, PATIENT).toMatchObject({ title })
    const place = () => tab.run(() => document.querySelector('#pages span')?.textContent ?? null)
    const counts = () => tab.run(() => document.querySelector('#counts span')?.textContent ?? null)
    await playing('Film 1500')
    expect([await place(), await counts()]).toEqual(['Page 6 of 9', '2\u00a0100 videos'])
    await tab.press('p')
    await playing('Film 1499')
    await tab.press('n')
    await playing('Film 1500')
    await tab.press('n')
    await playing('Film 1501')
    expect(await place()).toBe('Page 7 of 9')
    expect(await tab.run(() => location.search + location.hash)).toBe('?page=7#Film%201501.mp4')
    await tab.press('p')
    await playing('Film 1500')
    expect(await state()).toMatchObject({ current: 'Film 1500' })
    expect(await place()).toBe('Page 6 of 9')
    await tab.press('/', ...'1777')
    await expect.poll(titles, PATIENT).toEqual(['Film 1777'])
    await tab.press('Enter', 'Enter')
    await playing('Film 1777')
    // There is no other that was found.
    await tab.press('n')
    expect(await state()).toMatchObject({ title: 'Film 1777' })
    expect(tab.faults()).toEqual([])
  })

  test('a server that is gone is said, for a filter and for a film; nothing is lost', async () => {
    const own = startCommand('node', [join(root, 'Films'), '--port', '0'])
    await tab.open(`${await own.url}#Nosferatu.webm`)
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Nosferatu', isReady: true })
    own.child.kill()
    await own.ended
    await tab.press('/', ...'x')
    const text = (selector: string) => () =>
      tab.run((it: string) => document.querySelector(`${it}:not([hidden])`)?.textContent, selector)
    await expect.poll(text('#toast'), PATIENT).toBe('The server does not answer')
    expect(await state()).toMatchObject({ title: 'Nosferatu', isReady: true })
    await tab.run(() => document.querySelector<HTMLElement>('a[href="Far%20away.mp4"]')?.click())
    await expect.poll(text('#trouble'), PATIENT).toMatch(/^The server does not answer\./)
  })

  test('behind a proxy, below a path of its own, the page is the same', async () => {
    let playlist = ''
    const proxy = createServer(({ url: target = '', headers }, response) => {
      const to = new URL(target.replace('/my/', '/'), url)
      // As nginx does it, unless it is told to keep the host.
      request(to, { headers: { ...headers, host: to.host } }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
        if (!target.includes('?playlist')) return
        answer.on('data', (chunk) => {
          playlist += chunk
        })
      }).end()
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as AddressInfo
    await tab.open(`http://127.0.0.1:${port}/my/`)
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles, PATIENT).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await click('#place a')
    await expect.poll(titles, PATIENT).toContain('Nosferatu')
    await click('.video[href$="Nosferatu.webm"]')
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Nosferatu', isReady: true })
    const shown = () =>
      tab.run(() => ({
        note: document.querySelector('#note')?.textContent,
        isDrawn: Number(document.querySelector<HTMLElement>('#map')?.dataset.requests) > 0,
      }))
    await expect
      .poll(shown, PATIENT)
      .toEqual({ note: expect.stringMatching(/^The index \(Cues/), isDrawn: true })
    await click('#counts a[href*=playlist]')
    await expect
      .poll(() => playlist, PATIENT)
      .toContain(`\nhttp://127.0.0.1:${port}/my/Films/Nosferatu.webm\n`)
    expect(tab.faults()).toEqual([])
    proxy.closeAllConnections()
    proxy.close()
  })

  test('a film that is gone is said', async () => {
    await tab.open(url)
    await tab.run(() => {
      const link = document.querySelector('.video')
      link?.setAttribute('href', 'Films/Gone.mp4')
    })
    await click('.video')
    await expect
      .poll(() => tab.run(() => document.querySelector('#trouble')?.textContent), PATIENT)
      .toBe('This file is no longer there.')
  })

  test('a page that asks another host would be noticed', async () => {
    const page = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<img src="http://elsewhere.invalid/a.png">')
    }).listen(0, '127.0.0.1')
    await once(page, 'listening')
    const { port } = page.address() as AddressInfo
    await tab.open(`http://127.0.0.1:${port}/`)
    await expect
      .poll(() => tab.faults(), PATIENT)
      .toContain('asked for http://elsewhere.invalid/a.png')
    page.close()
  })

  test('durations and first pictures are drawn of what is seen', async () => {
    await tab.open(url)
    const drawn = () =>
      tab.run(() => {
        const link = document.querySelector('.video[href*="Nosferatu"]')
        const canvas = link?.querySelector('canvas')
        const { data } = canvas?.getContext('2d')?.getImageData(64, 36, 1, 1) ?? {}
        return [link?.querySelector('small')?.textContent, data?.[3] ?? null]
      })
    await expect.poll(drawn, PATIENT).toEqual(['0:20 · 573 kB', 255])
  })

  test('a file that can not be played says so, until another one is chosen', async () => {
    await tab.open(`${url}#Films/Broken.mp4`)
    const trouble = () => tab.run(() => document.querySelector<HTMLElement>('#trouble')?.hidden)
    await expect.poll(trouble, PATIENT).toBe(false)
    await click('.audio')
    await expect.poll(trouble, PATIENT).toBe(true)
    await expect.poll(state, PATIENT).toMatchObject({ title: 'Notes', isPaused: false })
  })

  /** What axe finds, by all of its rules or by some. */
  function violations(rules: readonly string[] | null): Promise<string[][]> {
    // Not as a script of the page, which its policy refuses.
    const find = `async (rules) => {
      ${AXE};
      const { violations } = await axe.run(rules === null ? {} : { runOnly: rules })
      return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])
    }`
    return tab.run(
      find as unknown as (rules: readonly string[] | null) => Promise<string[][]>,
      rules,
    )
  }

  test.each([
    ['the page', '', [1280, 900], []],
    ['a folder', 'Films/', [1280, 900], []],
    ['pictures alone', 'Pictures/', [1280, 900], []],
    ['a picture', 'Pictures/', [1280, 900], ['.picture']],
    ['the page on a phone', '', [500, 800], []],
  ] as const)('axe finds nothing in %s, light or dark', async (_what, folder, [
    width,
    height,
  ], clicked) => {
    onTestFinished(async () => {
      await tab.paint('light')
      await tab.resize(1280, 900)
    })
    await tab.resize(width, height)
    await tab.open(url + folder)
    for (const selector of clicked) await click(selector)
    await tab.run(() => {
      const details = document.querySelector('details')
      if (details !== null) details.open = true
    })
    await expect
      .poll(
        () => tab.run(() => document.querySelector('#stage:not([hidden]) #bar[hidden]') !== null),
        PATIENT,
      )
      .toBe(false)
    const found: string[][] = []
    // Nothing but these depends on colours.
    const ofColours = ['color-contrast', 'link-in-text-block']
    for (const [colours, rules] of [
      ['light', null],
      ['dark', ofColours],
    ] as const) {
      await tab.paint(colours)
      const isDark = () => tab.run(() => matchMedia('(prefers-color-scheme: dark)').matches)
      await expect.poll(isDark, PATIENT).toBe(colours === 'dark')
      found.push(...(await violations(rules)))
    }
    expect(found).toEqual([])
  })

  test('on a phone nothing is wider than the screen, and the bar alone is shown of the map', async () => {
    onTestFinished(() => tab.resize(1280, 900))
    await tab.resize(500, 800)
    await open('Films/Nosferatu.webm')
    const facts = () =>
      tab.run(() => ({
        isTooWide: document.documentElement.scrollWidth > innerWidth,
        map: document.querySelector<HTMLElement>('#map')?.offsetParent ?? null,
        bar: (document.querySelector<HTMLElement>('#bar')?.offsetHeight ?? 0) > 0,
      }))
    await expect.poll(facts, PATIENT).toEqual({ isTooWide: false, map: null, bar: true })
  })
})
