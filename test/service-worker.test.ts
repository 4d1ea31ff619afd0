import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './support/bundle.ts'
import { executablePath, launchChromium } from './support/chromium.ts'
import { start } from './support/start.ts'
import { temporaryDirectory } from './support/temporary.ts'

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))

describe.skipIf(executablePath === null)('a service worker in Chromium, its server gone', () => {
  const folder = temporaryDirectory()
  let browser: Browser
  let page: Page
  const answers: Answered[] = []

  beforeAll(async () => {
    await writeFile(join(folder, 'service-worker.js'), await bundle('examples/service-worker.ts'))
    await copyFile(path('examples/service-worker/index.html'), join(folder, 'index.html'))
    for (const name of ['film.mp4', 'film.en.vtt']) {
      await copyFile(path(`examples/media/${name}`), join(folder, name))
    }
    const command = [path('dist/command/byteserve.js'), folder, '--port', '0']
    const server = await start(process.execPath, command, folder)
    try {
      browser = await launchChromium()
      page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${server.port}/`)
      await page.evaluate(() => navigator.serviceWorker.ready)
    } finally {
      await server.stop()
    }
    page.on('response', (response) => {
      const answered = { path: new URL(response.url()).pathname, status: response.status() }
      answers.push({ ...answered, isFromWorker: response.fromServiceWorker() })
    })
    await page.reload()
  })

  afterAll(() => browser?.close())

  it('a film in the Cache seeks', async () => {
    expect(await seek(page, [16, 2])).toEqual({ seekable: 20, landed: [16, 2] })
    expect(answers).toContainEqual({ path: '/', status: 200, isFromWorker: true })
    expect(answers).toContainEqual({ path: '/film.mp4', status: 206, isFromWorker: true })
  })

  it('a film in the origin-private file system seeks, its index at the end', async () => {
    await page.setInputFiles('input', path('examples/media/film-moov-at-end.mp4'))
    await page.waitForFunction(() => document.querySelector('video')?.src.includes('/stored/'))
    expect(await seek(page, [16, 2])).toEqual({ seekable: 20, landed: [16, 2] })
    const ofFilm = answers.filter(({ path }) => path === '/stored/film-moov-at-end.mp4')
    expect(new Set(ofFilm.map(({ status }) => status))).toEqual(new Set([206]))
    expect(ofFilm.length).toBeGreaterThan(1)
  })

  it.each([
    ['/film.mp4', 'film.mp4'],
    ['/stored/film-moov-at-end.mp4', 'film-moov-at-end.mp4'],
  ])('a script gets the bytes of %s that it asks for', async (url, name) => {
    const file = await readFile(path(`examples/media/${name}`))
    const given = await page.evaluate(async (url) => {
      const response = await fetch(url, { headers: { range: 'bytes=-9' } })
      const bytes = new Uint8Array(await response.arrayBuffer())
      // Of a whole film, a few are enough to see that it is wrong.
      const body = [...bytes.subarray(0, 10)]
      return { status: response.status, range: response.headers.get('content-range'), body }
    }, url)
    expect(given).toEqual({
      status: 206,
      range: `bytes ${file.length - 9}-${file.length - 1}/${file.length}`,
      body: [...file.subarray(-9)],
    })
  })
})

interface Answered {
  readonly path: string
  readonly status: number
  readonly isFromWorker: boolean
}

/** Seeks in the page's film, plays on from each place, and says where it landed, in seconds. */
function seek(page: Page, times: number[]): Promise<{ seekable: number; landed: number[] }> {
  return page.evaluate(async (times) => {
    const video = document.querySelector('video')
    if (video === null) throw new Error('Expected a video in the page')
    const event = (name: string) =>
      new Promise((resolve, reject) => {
        video.addEventListener(name, resolve, { once: true })
        video.addEventListener('error', () => reject(new Error(video.error?.message)))
      })
    video.muted = true
    if (video.readyState === video.HAVE_NOTHING) await event('loadedmetadata')
    const landed: number[] = []
    for (const time of times) {
      const seeked = event('seeked')
      video.currentTime = time
      await seeked
      landed.push(video.currentTime)
      await video.play()
      while (video.currentTime === time) await event('timeupdate')
      video.pause()
    }
    return { seekable: Math.round(video.seekable.end(0)), landed }
  }, times)
}
