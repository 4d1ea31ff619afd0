import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { formatSize } from '../adapters/site/size.ts'
import { writeStretched } from './command-film.ts'
import { columns, type Running, startCommand, stopCommands } from './command-process.ts'
import { DURATION, MEDIA, pageIn, serveFiles, serveOdd } from './page-tab.ts'
import { BROWSERS, type Tab } from './support/tab.ts'
import { temporaryDirectory } from './support/temporary.ts'

const root = temporaryDirectory()
let server: Running
let url = ''
let oddUrl = ''

beforeAll(async () => {
  ;({ server, url } = await serveFiles(root))
  oddUrl = await serveOdd(temporaryDirectory())
})

afterAll(stopCommands)

describe.each(BROWSERS)('in $name', ({ launch }) => {
  let tab: Tab

  beforeAll(async () => {
    tab = await launch()
  })

  const { open, state, resumed, seek, titles, click } = pageIn(
    () => tab,
    () => url,
  )
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
      .poll(async () => (await drawn()).requests === logged().length && !(await drawn()).isRunning)
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
      .poll(async () => (await drawnRows()).map((row) => offBy(row, size, logged())))
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
      .poll(() => tab.run(() => document.querySelector('#bar')?.getAttribute('aria-label')))
      .toMatch(
        /^The file as a bar of 269 MB: \d+ % of it was sent, played at \d+ %; its index is at 100 %$/,
      )
    const note = await tab.run(() => document.querySelector('#note')?.textContent)
    expect(note).toMatch(/^The index \(moov, 17 kB\) is at the end: /)
    await open('Films/Nosferatu.webm')
    await expect
      .poll(() => tab.run(() => document.querySelector('#note')?.textContent))
      .toMatch(/^The index \(Cues, \d+ B\) is at the end, as is usual in WebM/)
  })

  test('an episode is followed by the next, a film by nothing', async () => {
    await open('Wire/Season 1/The.Wire.S01E02.Part 2.mp4')
    await seek(DURATION - 0.5)
    await tab.press('k')
    await expect
      .poll(state)
      .toMatchObject({ title: 'Part 10', current: 'Part 10', isPaused: false })
    await open('Films/Nosferatu.webm')
    await seek(DURATION - 0.5)
    await tab.press('k')
    await expect.poll(() => tab.run(() => document.querySelector('video')?.ended)).toBe(true)
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
      expect.poll(facts).toMatchObject({ title, isPaused: false, isReady: true })
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
    await expect.poll(facts).toEqual(one)
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
    await expect.poll(facts).toEqual(two)
    await tab.press('n')
    await expect.poll(facts).toMatchObject({ title: 'Three', isFirst: true, trouble: true })
    await tab.press('p')
    await playing('Two')
    await tab.press('k')
    await expect.poll(facts).toMatchObject({ title: 'Two', trouble: false, isFirst: true })
    // It has ended: it begins anew.
    await tab.press('p')
    await playing('One')
    await tab.press('k')
    await expect.poll(facts).toEqual({ ...one, cues: expect.any(Array) })
    await tab.press('f')
    await expect.poll(facts).toMatchObject({ isFull: false })
  })

  test('a song begins at its beginning, an audiobook where it was left', async () => {
    for (const [name, time, text] of [
      ['Song.wav', 0, null],
      ['Book.wav', 200, 'Resumed at 3:20: start over'],
    ] as const) {
      await open(name, oddUrl)
      await seek(200)
      await open(name, oddUrl)
      await expect.poll(state).toMatchObject({ time })
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
    await expect.poll(resumed).toBe('Resumed at 0:11: start over')
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
    await expect.poll(state).toMatchObject({ title: 'Two', isReady: true, captions: 1 })
  })

  test('places that something else left in the browser are no trouble', async () => {
    await tab.open(url)
    for (const left of ['null', '[null,1,["x"]]']) {
      await tab.run((text: string) => localStorage.setItem('byteserve', text), left)
      await open('Films/Nosferatu.webm')
      await seek(11)
      await open('Films/Nosferatu.webm')
      await expect.poll(state).toMatchObject({ time: 11 })
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
    await expect.poll(seekable).toBeGreaterThanOrEqual(DURATION)
    await tab.press('l')
    await expect.poll(state).toMatchObject({ time: 10 })
    await tab.press('ArrowRight')
    await expect.poll(state).toMatchObject({ time: 15 })
    await tab.press('j')
    await expect.poll(state).toMatchObject({ time: 5 })
  })

  test('a film goes on where it was left, or from its start', async () => {
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await seek(11)
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await expect.poll(state).toMatchObject({ time: 11 })
    expect(await resumed()).toBe('Resumed at 0:11: start over')
    await click('#resumed')
    await expect.poll(state).toMatchObject({ time: 0 })
    expect(await resumed()).toBeNull()
    await open('Films/七人の侍 (1954)/七人の侍 (1954).mp4')
    await seek(3)
    expect(await resumed()).toBeNull()
  })

  test('captions come from an .srt beside the film, chapters from a file beside it', async () => {
    await open('Films/Stalker (1979)/Stalker (1979).mp4')
    await tab.press('c')
    await expect.poll(state).toMatchObject({ captions: 1 })
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
    await expect.poll(cues).toEqual([
      [0, 9, 'The <b>zone</b>'],
      [10, 19, 'The room'],
    ])
    await tab.press('c')
    expect(await state()).toMatchObject({ captions: 0 })
    await expect
      .poll(() => tab.run(() => document.querySelectorAll('#chapters button').length))
      .toBe(2)
    await click('#chapters li:last-child button')
    await expect.poll(state).toMatchObject({ time: 10 })
    expect(tab.faults()).toEqual([])
  })

  test('the keyboard alone does it all', async () => {
    await open('Wire/Season 1/The.Wire.S01E01.Part 1.mp4')
    await tab.press('m', ' ')
    await expect.poll(state).toMatchObject({ isPaused: false, isMuted: true })
    await tab.press('k')
    await expect.poll(state).toMatchObject({ isPaused: true })
    await seek(6)
    for (const [key, time] of [
      ['l', 16],
      ['j', 6],
      ['ArrowRight', 11],
      ['ArrowLeft', 6],
    ] as const) {
      await tab.press(key)
      await expect.poll(state).toMatchObject({ time })
    }
    // The browser's own player would do it a second time.
    await tab.run(() => document.querySelector('video')?.focus())
    await tab.press('ArrowRight')
    await expect.poll(state).toMatchObject({ time: 11 })
    await tab.press(' ')
    await expect.poll(state).toMatchObject({ isPaused: false })
    await tab.press(' ')
    await expect.poll(state).toMatchObject({ isPaused: true })
    await tab.press('>', '>', '<')
    expect(await state()).toMatchObject({ speed: 1.25 })
    await tab.press('n')
    await expect.poll(state).toMatchObject({ title: 'Part 2', isPaused: false, speed: 1.25 })
    await tab.press('p')
    await expect.poll(state).toMatchObject({ title: 'Part 1' })
    await tab.press('?')
    expect(await tab.run(() => document.querySelector('#shortcuts')?.matches('[open]'))).toBe(true)
    await tab.press('Escape')
    expect(await tab.run(() => document.querySelector('#shortcuts')?.matches('[open]'))).toBe(false)
    await tab.press('/', ...'nosf')
    await expect.poll(titles).toEqual(['Nosferatu'])
    await tab.press('Enter')
    await tab.press('Enter')
    await expect.poll(state).toMatchObject({ title: 'Nosferatu', isPaused: false })
    expect(tab.faults()).toEqual([])
  })

  test('letters and signs are no shortcuts for those who turn them off; that is remembered', async () => {
    const isOpen = () => tab.run(() => document.querySelector('#shortcuts')?.matches('[open]'))
    const focused = () => tab.run(() => document.activeElement?.id)
    await open('Films/Nosferatu.webm')
    await tab.press('?')
    expect(await isOpen()).toBe(true)
    // What closes it has the focus.
    await tab.press('Enter')
    expect(await isOpen()).toBe(false)
    await tab.press('?')
    await click('#letters')
    await tab.press('Escape')
    for (const _ of ['at once', 'the next time']) {
      await tab.press('m', 'k', '>', '?', '/')
      expect(await state()).toMatchObject({ isMuted: false, isPaused: true, speed: 1 })
      expect([await isOpen(), await focused()]).toEqual([false, ''])
      await tab.press(' ')
      await expect.poll(state).toMatchObject({ isPaused: false })
      await open('Films/Nosferatu.webm')
    }
    await click('#help')
    await click('#letters')
    await tab.press('Escape', 'm')
    expect(await state()).toMatchObject({ isMuted: true })
    expect(tab.faults()).toEqual([])
  })

  test('a server that is gone is said, for a filter and for a film; nothing is lost', async () => {
    const own = startCommand('node', [join(root, 'Films'), '--port', '0'])
    await tab.open(`${await own.url}#Nosferatu.webm`)
    await expect.poll(state).toMatchObject({ title: 'Nosferatu', isReady: true })
    own.child.kill()
    await own.ended
    await tab.press('/', ...'x')
    const text = (selector: string) => () =>
      tab.run((it: string) => document.querySelector(`${it}:not([hidden])`)?.textContent, selector)
    await expect.poll(text('#toast')).toBe('The server does not answer')
    expect(await state()).toMatchObject({ title: 'Nosferatu', isReady: true })
    await tab.run(() => document.querySelector<HTMLElement>('a[href="Far%20away.mp4"]')?.click())
    await expect.poll(text('#trouble')).toMatch(/^The server does not answer\./)
  })

  test('a film that is gone is said', async () => {
    await tab.open(url)
    await tab.run(() => {
      const link = document.querySelector('.video')
      link?.setAttribute('href', 'Films/Gone.mp4')
    })
    await click('.video')
    await expect
      .poll(() => tab.run(() => document.querySelector('#trouble')?.textContent))
      .toBe('This file is no longer there.')
  })

  test('a film that came whole only later, or was replaced as it played, is chosen again', async () => {
    const [own, next] = [temporaryDirectory(), join(temporaryDirectory(), 'next')]
    const path = join(own, 'film.mp4')
    writeFileSync(path, readFileSync(join(MEDIA, 'film-moov-at-end.mp4')).subarray(0, 300_000))
    await tab.open(await startCommand('node', [own, '--port', '0']).url)
    const trouble = () =>
      tab.run(() => document.querySelector('#trouble:not([hidden])')?.textContent ?? '')
    await expect.poll(trouble).toMatch(/^This browser can’t play this file/)
    writeStretched(join(MEDIA, 'film-moov-at-end.mp4'), next, 256 * 1024 * 1024)
    renameSync(next, path)
    await click('.video')
    await expect.poll(() => tab.run(() => document.querySelector('video')?.played.length)).toBe(1)
    expect(await trouble()).toBe('')
    const length = 400_000
    writeFileSync(next, '')
    truncateSync(next, statSync(path).size - length)
    appendFileSync(next, Buffer.alloc(length, 0xff))
    renameSync(next, path)
    await tab.run(() => {
      const film = document.querySelector('video')
      if (film !== null) film.currentTime = 0.9 * film.duration
    })
    await expect.poll(trouble).toMatch(/^This file breaks off here/)
  })

  test('pictures wait for what plays, unless that waits for a finger', async () => {
    await open('Films/Nosferatu.webm')
    const isLoading = (network: number) =>
      tab.run((networkState: number) => {
        const facts = { readyState: 0, networkState }
        for (const [name, value] of Object.entries(facts)) {
          Object.defineProperty(HTMLMediaElement.prototype, name, { value, configurable: true })
        }
      }, network)
    await isLoading(2)
    await click('.folders a[href="Pictures/"]')
    const widths = () =>
      tab.run(async () => {
        // What comes into view is told before the next frame but one.
        for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame)
        const images = document.querySelectorAll<HTMLImageElement>('.picture img')
        return Array.from(images, ({ src, naturalWidth }) => src !== '' && naturalWidth)
      })
    await expect.poll(widths).toEqual([false, false])
    await isLoading(1)
    await expect.poll(widths).toEqual([1, 1])
    expect(tab.faults()).toEqual([])
  })

  test('songs in .mp4 files have no picture, and keep no other waiting', async () => {
    const own = temporaryDirectory()
    const song = readFileSync(join(MEDIA, 'film.mp4'))
    // Its first track is its picture.
    song.write('free', song.indexOf('trak'))
    for (const name of ['1', '2', '3', '4']) writeFileSync(join(own, `${name}.mp4`), song)
    await tab.open(await startCommand('node', [own, '--port', '0']).url)
    const facts = () =>
      tab.run(() => [...document.querySelectorAll('.media small')].map((it) => it.textContent))
    await expect.poll(facts).toEqual(Array(4).fill('0:20 · 671 kB'))
  })

  test('pictures come though what plays does not', async () => {
    const own = temporaryDirectory()
    for (let i = 1; i <= 9; i++) copyFileSync(join(root, 'Pictures/a.png'), join(own, `${i}.png`))
    copyFileSync(join(MEDIA, 'film.webm'), join(own, 'film.webm'))
    const address = await startCommand('node', [own, '--port', '0']).url
    await open('film.webm', address)
    const loaded = () =>
      tab.run(() => {
        const images = document.querySelectorAll<HTMLImageElement>('.picture img')
        return Array.from(images).filter(({ naturalWidth }) => naturalWidth > 0).length
      })
    await expect.poll(loaded).toBe(9)
    await tab.run(() => {
      // What plays is loading, and time goes fast.
      for (const [name, value] of Object.entries({ readyState: 0, networkState: 2 })) {
        Object.defineProperty(HTMLMediaElement.prototype, name, { value, configurable: true })
      }
      const { now } = Date
      const start = now()
      Date.now = () => start + 100 * (now() - start)
      const words = document.querySelector<HTMLInputElement>('#words')
      if (words !== null) words.value = 'png'
      words?.dispatchEvent(new Event('input'))
    })
    await expect.poll(() => tab.run(() => location.search)).toBe('?q=png')
    await expect.poll(loaded, { timeout: 20_000 }).toBe(9)
  })

  test('where nothing plays, pictures are left to the browser', async () => {
    await tab.open(`${url}Pictures/`)
    const images = () =>
      tab.run(() => {
        const all = document.querySelectorAll<HTMLImageElement>('.picture img')
        return Array.from(all, (image) => [image.loading, image.naturalWidth])
      })
    await expect.poll(images).toEqual([
      ['lazy', 1],
      ['lazy', 1],
    ])
  })

  test('several pictures come at a time, one while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    const asked = (isRunning: boolean) =>
      tab.run(async (isPaused: boolean) => {
        const states = { readyState: 4, networkState: 1, paused: isPaused }
        for (const [name, value] of Object.entries(states)) {
          Object.defineProperty(HTMLMediaElement.prototype, name, { value, configurable: true })
        }
        // They never come.
        const sources = new Set<unknown>()
        Object.defineProperty(HTMLImageElement.prototype, 'src', {
          set: (source) => sources.add(source),
          configurable: true,
        })
        const items = Array.from({ length: 6 }, (_, i) => {
          return `<li><a class="picture" href="${i}.png"><img alt=""></a></li>`
        })
        const { fetch } = window
        window.fetch = async (input, init) => {
          const text = await (await fetch(input, init)).text()
          return new Response(text.replace(/<li><a class="picture".*<\/li>/s, items.join('')))
        }
        document.querySelector<HTMLElement>('.folders a[href="Pictures/"]')?.click()
        await new Promise((go) => setTimeout(go, 1500))
        return sources.size
      }, !isRunning)
    expect(await asked(false)).toBe(4)
    await open('Films/Nosferatu.webm')
    expect(await asked(true)).toBe(1)
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
    await expect.poll(drawn).toEqual(['0:20 · 573 kB', 255])
  })

  test('a file that can not be played says so, until another one is chosen', async () => {
    await tab.open(`${url}#Films/Broken.mp4`)
    const trouble = () => tab.run(() => document.querySelector<HTMLElement>('#trouble')?.hidden)
    await expect.poll(trouble).toBe(false)
    await click('.audio')
    await expect.poll(trouble).toBe(true)
    await expect.poll(state).toMatchObject({ title: 'Notes', isPaused: false })
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
    await expect.poll(facts).toEqual({ isTooWide: false, map: null, bar: true })
  })
})
