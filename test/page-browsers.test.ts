import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

if (BROWSERS.length === 0) console.warn('SKIPPED: no browser is installed')

const root = temporaryDirectory()
let server: Running
let url = ''

beforeAll(async () => {
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    cpSync(join(MEDIA, from), join(root, to))
  }
  const write = (to: string, content: string | Buffer) => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    writeFileSync(join(root, to), content)
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
  server = startCommand('node', [root, '--port', '0'])
  url = await server.url
})

afterAll(stopCommands)

describe.each(BROWSERS)('in $name', ({ launch }) => {
  let tab: Tab

  beforeAll(async () => {
    tab = await launch()
  })
  afterAll(() => tab?.close())

  /** Opens the page with a film, whose metadata have come. */
  async function open(name: string, folder = ''): Promise<void> {
    await tab.open('about:blank')
    await tab.open(`${url}${folder}#${name.split('/').map(encodeURIComponent).join('/')}`)
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

  async function seek(to: number): Promise<void> {
    await tab.run(async (time: number) => {
      const medium = document.querySelector('video')
      if (medium === null) throw new Error('Expected a film')
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
      '9 videos, 1 song, 2 pictures, 301 others',
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
    expect(tab.faults()).toEqual([])
  })

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

  test('a film goes on where it was left, or from its start', async () => {
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await seek(11)
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await expect.poll(state, PATIENT).toMatchObject({ time: 11 })
    const text = () =>
      tab.run(() => document.querySelector('#resumed:not([hidden])')?.textContent ?? null)
    expect(await text()).toBe('Resumed at 0:11: start over')
    await click('#resumed')
    await expect.poll(state, PATIENT).toMatchObject({ time: 0 })
    expect(await text()).toBeNull()
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

  test.each([
    ['the page', '', [1280, 900]],
    ['a folder', 'Films/', [1280, 900]],
    ['pictures alone', 'Pictures/', [1280, 900]],
    ['the page on a phone', '', [500, 800]],
  ] as const)('axe finds nothing in %s', async (_what, folder, [width, height]) => {
    await tab.resize(width, height)
    await tab.open(url + folder)
    await tab.run(() => {
      const details = document.querySelector('details')
      if (details !== null) details.open = true
    })
    await expect
      .poll(
        () => tab.run(() => document.querySelector<HTMLElement>('#bar')?.hidden ?? false),
        PATIENT,
      )
      .toBe(false)
    // Not as a script of the page, which its policy refuses.
    const found = await tab.run(
      `async () => {
      ${AXE};
      const { violations } = await axe.run()
      return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])
    }` as unknown as () => Promise<string[][]>,
    )
    await tab.resize(1280, 900)
    expect(found).toEqual([])
  })

  test('on a phone nothing is wider than the screen, and the bar alone is shown of the map', async () => {
    await tab.resize(500, 800)
    await open('Films/Nosferatu.webm')
    const facts = () =>
      tab.run(() => ({
        isTooWide: document.documentElement.scrollWidth > innerWidth,
        map: document.querySelector<HTMLElement>('#map')?.offsetParent ?? null,
        bar: (document.querySelector<HTMLElement>('#bar')?.offsetHeight ?? 0) > 0,
      }))
    await expect.poll(facts, PATIENT).toEqual({ isTooWide: false, map: null, bar: true })
    await tab.resize(1280, 900)
  })
})
