import { execFileSync } from 'node:child_process'
import { cpSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeStretched } from './command-film.ts'
import { columns, type Running, startCommand, stopCommands } from './command-process.ts'
import { executablePath, launchChromium } from './support/chromium.ts'
import { areInstalled } from './support/installed.ts'
import { temporaryDirectory } from './support/temporary.ts'

const PATIENT = { timeout: 30_000 }

const MEDIA = fileURLToPath(new URL('../examples/media/', import.meta.url))
/** Of every film in examples/media, in seconds. */
const DURATION = 20
/** More than a browser reads on for, rather than ask for what lies behind. */
const GAP = 256 * 1024 * 1024

describe.skipIf(executablePath === null)('in Chromium', () => {
  const root = temporaryDirectory()
  let server: Running
  let url = ''
  let browser: Browser
  let page: Page
  let faults: string[] = []

  beforeAll(async () => {
    cpSync(MEDIA, root, { recursive: true })
    for (const name of ['film.mp4', 'film-moov-at-end.mp4']) {
      writeStretched(join(MEDIA, name), join(root, `far ${name}`), GAP)
    }
    writeFileSync(join(root, 'broken #1.mp4'), 'this is no film')
    server = startCommand('node', [root, '--port', '0'])
    url = await server.url
    browser = await launchChromium('--autoplay-policy=no-user-gesture-required')
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    page = await context.newPage()
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) faults.push(request.url())
    })
  })

  afterAll(async () => {
    await browser?.close()
    await stopCommands()
  })

  /** Beside the page, in its window: another window is another second of work. */
  function openTab(): Promise<Page> {
    return page.context().newPage()
  }

  /** The first bytes of the ranges of a file that were answered with 206, by the log. */
  function rangesServed(path: string): number[] {
    return server
      .log()
      .map(columns)
      .filter(([, , target, , status]) => target?.startsWith(`${path}?view=`) && status === '206')
      .map(([, , , range]) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]))
  }

  async function open(name: string): Promise<void> {
    faults = []
    await page.goto('about:blank')
    await page.goto(`${url}#${encodeURIComponent(name)}`)
    await expect
      .poll(() => page.getAttribute('#player > *', 'src'), PATIENT)
      .toContain(`/${encodeURIComponent(name)}?view=`)
  }

  const videos = [
    'film.mp4',
    'film-moov-at-end.mp4',
    'film.webm',
    'far film.mp4',
    'far film-moov-at-end.mp4',
  ]
  it.each(videos)('%s seeks to four fifths, plays on, and back to a tenth', async (name) => {
    await open(name)
    await expectWholeSeekable(page)
    for (const part of [0.8, 0.1]) {
      await seek(page, part * DURATION)
      const offset = async () => Math.abs((await shownTime(page)) - part * DURATION)
      await expect.poll(offset, PATIENT).toBeLessThan(0.2)
      await playOn(page)
      expect(await shownTime(page)).toBeGreaterThan(part * DURATION + 0.4)
    }
    const path = `/${encodeURIComponent(name)}`
    await expect.poll(() => rangesServed(path), PATIENT).not.toEqual([])
    if (name.startsWith('far')) {
      await expect.poll(() => Math.max(...rangesServed(path)), PATIENT).toBeGreaterThan(GAP)
    }
    expect(faults).toEqual([])
  })

  it('notes.mp3 seeks to four fifths, plays on, and back to a tenth', async () => {
    await open('notes.mp3')
    await expectWholeSeekable(page)
    for (const part of [0.8, 0.1]) {
      await seek(page, part * DURATION)
      await playOn(page)
    }
    await expect.poll(() => rangesServed('/notes.mp3'), PATIENT).toContain(0)
    expect(faults).toEqual([])
  })

  it('choosing another switches the player, and the address, without a reload', async () => {
    await open('film.mp4')
    await page.evaluate(() => {
      document.body.dataset.same = 'yes'
    })
    await page.getByRole('link', { name: 'film.webm' }).click()
    await expectPlaying('film.webm', '#film.webm')
    await page.getByRole('link', { name: /^film-moov-at-end/ }).click()
    await expectPlaying('film-moov-at-end', '#film-moov-at-end.mp4')
    await page.goBack()
    await expect.poll(() => page.title(), PATIENT).toBe('film.webm')
    expect(await page.locator('[aria-current=true] .name').allTextContents()).toEqual(['film.webm'])
    expect(await page.getAttribute('body', 'data-same')).toBe('yes')
    expect(faults).toEqual([])
  })

  async function expectPlaying(name: string, hash: string): Promise<void> {
    await expect.poll(() => page.title(), PATIENT).toBe(name)
    expect(new URL(page.url()).hash).toBe(hash)
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.2)
  }

  it('an address that names nothing shows the first', async () => {
    await page.goto('about:blank')
    await page.goto(`${url}#100%`)
    await expect.poll(() => page.title(), PATIENT).toBe('broken #1')
  })

  // A browser keeps what says nothing else for a tenth of its age, and plays that: a year old is a month.
  it.runIf(areInstalled('ffmpeg')).each([
    ['on the page of its folder', '#film.mp4'],
    ["on a page of one's own", 'own.html'],
  ])('a film that is replaced is the new one after a reload, %s', async (_where, at) => {
    const folder = temporaryDirectory()
    const path = join(folder, 'film.mp4')
    writeFileSync(join(folder, 'own.html'), '<!doctype html><video src="film.mp4"></video>')
    paint('blue', path, 2024)
    const films = await startCommand('node', [folder, '--port', '0']).url
    const tab = await openTab()
    await tab.goto(`${films}${at}`)
    expect(await colourOf(tab)).toBe('blue')
    paint('red', `${path}.new`, 2025)
    renameSync(`${path}.new`, path)
    await tab.reload()
    expect(await colourOf(tab)).toBe('red')
    await tab.close()
  })

  it('on a phone nothing is wider than the screen', async () => {
    const phone = await openTab()
    await phone.setViewportSize({ width: 320, height: 640 })
    await phone.goto(url)
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    await phone.close()
  })

  it('without a script it is a list of links, with one player', async () => {
    const plain = await browser.newPage({ javaScriptEnabled: false })
    await plain.goto(url)
    expect(await plain.locator('video').count()).toBe(1)
    await plain.locator('#words').fill('notes')
    await plain.getByRole('button', { name: 'Show' }).click()
    expect(new URL(plain.url()).search).toBe('?q=notes&sort=name')
    const hrefs = plain.locator('#shelf li a')
    expect(
      await hrefs.evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ).toEqual(['notes.mp3'])
    await plain.close()
  })
})

async function expectWholeSeekable(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const medium = document.querySelector<HTMLMediaElement>('video, audio')
    return medium !== null && medium.readyState >= medium.HAVE_METADATA
  })
  const { duration, seekable } = await page.evaluate(() => {
    const medium = document.querySelector<HTMLMediaElement>('video, audio')
    if (medium === null) throw new Error('Expected a medium')
    const { duration, seekable } = medium
    return { duration, seekable: [seekable.length, seekable.start(0), seekable.end(0)] }
  })
  expect(Math.abs(duration - DURATION)).toBeLessThan(0.1)
  expect(seekable).toEqual([1, 0, duration])
}

async function seek(page: Page, time: number): Promise<void> {
  await page.evaluate(async (to) => {
    const medium = document.querySelector<HTMLMediaElement>('video, audio')
    if (medium === null) throw new Error('Expected a medium')
    medium.pause()
    const seeked = new Promise((resolve) =>
      medium.addEventListener('seeked', resolve, { once: true }),
    )
    medium.currentTime = to
    await seeked
  }, time)
}

/** Plays half a second from where it stands. */
async function playOn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const medium = document.querySelector<HTMLMediaElement>('video, audio')
    if (medium === null) throw new Error('Expected a medium')
    const from = medium.currentTime
    await medium.play()
    await new Promise<void>((resolve) => {
      medium.addEventListener('timeupdate', () => {
        if (medium.currentTime > from + 0.5) resolve()
      })
    })
    medium.pause()
  })
}

/** Makes a film of one colour, of a year. */
function paint(colour: string, path: string, year: number): void {
  const source = ['-f', 'lavfi', '-i', `color=c=${colour}:s=160x90:r=10:d=2`]
  const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', 'faststart', '-f', 'mp4']
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...source, ...coded, path])
  utimesSync(path, new Date(year, 0), new Date(year, 0))
}

/** The colour of the picture, once there is one. */
async function colourOf(page: Page): Promise<'red' | 'blue'> {
  await page.waitForFunction(() => {
    const video = document.querySelector('video')
    return video !== null && video.readyState >= video.HAVE_CURRENT_DATA
  })
  return page.evaluate(() => {
    const video = document.querySelector('video')
    const context = document.createElement('canvas').getContext('2d')
    if (video === null || context === null) throw new Error('Expected a picture')
    context.drawImage(video, 0, 0)
    const [red = 0, , blue = 0] = context.getImageData(5, 5, 1, 1).data
    return red > blue ? 'red' : 'blue'
  })
}

/** The time that is burnt into the picture: how far the white bar at its lower edge has come. */
async function shownTime(page: Page): Promise<number> {
  const part = await page.evaluate(() => {
    const video = document.querySelector('video')
    const canvas = document.createElement('canvas')
    const context = canvas.getContext('2d')
    if (video === null || context === null) throw new Error('Expected a picture')
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    context.drawImage(video, 0, 0)
    const { data } = context.getImageData(0, canvas.height - 4, canvas.width, 1)
    let white = 0
    for (let i = 0; i < data.length; i += 4) {
      if (Math.min(data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0) > 224) white++
    }
    return white / canvas.width
  })
  return part * DURATION
}
