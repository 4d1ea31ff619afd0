import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { growingFile, nodeListener } from '../adapters/node.ts'
import { executablePath, launchChromium } from './support/chromium.ts'
import { areInstalled } from './support/installed.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const PAGE = '<!doctype html><video muted autoplay src="/recording.mp4"></video>'
const LIVE = 'frag_keyframe+empty_moov+default_base_moof'

describe.skipIf(executablePath === null || !areInstalled('ffmpeg'))('Chromium', () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'recording.mp4')
  let writer: AbortController
  const asked: string[] = []
  const server = createServer(
    nodeListener((request) => {
      if (request.url !== '/recording.mp4') return page()
      asked.push(request.headers.get('range') ?? '')
      return growingFile(path, request, { idle: Infinity, until: writer.signal })
    }),
  )
  let browser: Browser
  let film: Buffer

  beforeAll(async () => {
    // Noise: a browser waits for its next 32 KiB or so, which a test card would fill in a minute.
    const source = ['-f', 'lavfi', '-i', 'testsrc=s=320x180:r=10:d=8,noise=alls=40:allf=t']
    const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '10', '-movflags', LIVE]
    const whole = join(directory, 'whole.mp4')
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...source, ...coded, whole])
    film = readFileSync(whole)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    browser = await launchChromium('--autoplay-policy=no-user-gesture-required')
  })
  afterAll(async () => {
    await browser?.close()
    server.closeAllConnections()
    server.close()
  })

  it('plays a recording while it is written, to its end', async () => {
    writer = new AbortController()
    asked.length = 0
    // Four of its eight seconds: fragments are of one each.
    const half = startOfFragment(film, 4)
    writeFileSync(path, film.subarray(0, half))
    const tab = await browser.newPage()
    onTestFinished(() => tab.close())
    const port = (server.address() as AddressInfo).port
    await tab.goto(`http://127.0.0.1:${port}/`)
    const state = () => {
      return tab.locator('video').evaluate((video: HTMLVideoElement) => ({
        time: video.currentTime,
        hasEnded: video.ended,
        error: video.error?.message ?? null,
      }))
    }
    // It has played all that there is, and waits.
    await until(async () => (await state()).time > 3)
    expect(await state()).toMatchObject({ hasEnded: false, error: null })
    appendFileSync(path, film.subarray(half))
    writer.abort()
    await until(async () => (await state()).hasEnded)
    expect(await state()).toEqual({ time: expect.closeTo(8, 0), hasEnded: true, error: null })
    expect(asked).toEqual(['bytes=0-'])
  })
})

/** Where the fragment of a number begins, from 0 on. */
function startOfFragment(film: Buffer, number: number): number {
  let at = 0
  for (let count = 0; count <= number; count++) at = film.indexOf('moof', at + 8, 'latin1')
  return at - 4
}

function page() {
  const bytes = new TextEncoder().encode(PAGE)
  return {
    size: bytes.length,
    type: 'text/html',
    read: (a: number, b: number) => bytes.subarray(a, b),
  }
}
