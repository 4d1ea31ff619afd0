import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat, type Part } from '../adapters/concat.ts'
import { faststart } from '../adapters/mp4.ts'
import { nodeFile, nodeListener } from '../adapters/node.ts'
import { hls } from '../examples/hls.ts'
import type { Found } from '../src/lookup.ts'
import type { FileSource } from '../src/source.ts'
import { writeStretched } from './command-film.ts'
import { areInstalled } from './support/installed.ts'
import { BROWSERS, type Tab } from './support/tab.ts'
import { temporaryDirectory } from './support/temporary.ts'

const MEDIA = fileURLToPath(new URL('../examples/media/', import.meta.url))
const HLS = fileURLToPath(new URL('../node_modules/hls.js/dist/hls.min.js', import.meta.url))

/** More than a browser reads on for, rather than ask for what lies behind. */
const GAP = 256 * 1024 * 1024

const hasFfmpeg = areInstalled('ffmpeg')

/** How long each answer takes to come, in ms. */
const LATENCY = 50

// Each waits for its own server; within one, tests share a tab.
describe.concurrent.each(BROWSERS)('in $name', ({ launch }) => {
  const directory = temporaryDirectory()
  const fragmented = join(directory, 'fragmented.mp4')
  let tab: Tab
  let url = ''
  const asked: string[] = []

  const FILES: Record<string, () => Promise<Found>> = {
    '/': async () => text('text/html', '<!doctype html><video muted></video>'),
    '/hls.html': async () =>
      text('text/html', '<!doctype html><video muted></video><script src="hls.js"></script>'),
    '/hls.js': async () => text('text/javascript', readFileSync(HLS, 'utf8')),
    '/front.mp4': () => nodeFile(join(directory, 'film.mp4')),
    '/end.mp4': () => nodeFile(join(directory, 'film-moov-at-end.mp4')),
    '/moved.mp4': async () => {
      const film = await nodeFile(join(directory, 'film-moov-at-end.mp4'))
      return film && faststart(film)
    },
    '/joined.mp4': async () => {
      const path = join(directory, 'film.mp4')
      const film = await openFilm(path)
      await film.close?.()
      // None of them begins or ends where a box does.
      const ends = [100_001, 1_000_001, GAP, film.size]
      const parts = ends.map((end, i) => partOf(film, path, ends[i - 1] ?? 0, end))
      return concat(parts, { type: 'video/mp4' })
    },
    '/fragmented.mp4': () => nodeFile(fragmented),
    '/film.m3u8': async () => {
      const film = await nodeFile(fragmented)
      if (film === null) return null
      const playlist = await hls(film, 'fragmented.mp4')
      await film.close?.()
      return playlist
    },
  }

  const server = createServer(
    nodeListener(async ({ url, headers }) => {
      asked.push(`${url} ${headers.get('range') ?? ''}`)
      await setTimeout(LATENCY)
      return (await FILES[url]?.()) ?? null
    }),
  )

  beforeAll(async () => {
    for (const name of ['film.mp4', 'film-moov-at-end.mp4']) {
      writeStretched(join(MEDIA, name), join(directory, name), GAP)
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // What `address` gives once the server listens on a port.
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    tab = await launch()
  })

  afterAll(async () => {
    await tab?.close()
    server.closeAllConnections()
    server.close()
  })

  /** Loads a film, and counts what it takes until there is a picture. */
  async function requestsFor(film: string): Promise<number> {
    await tab.open(`${url}/`)
    asked.length = 0
    await tab.run(async (film) => {
      const video = document.querySelector('video') as HTMLVideoElement
      const loaded = new Promise((resolve) => video.addEventListener('loadeddata', resolve))
      video.src = film
      await loaded
    }, film)
    return asked.filter((line) => line.startsWith(film)).length
  }

  /** Seeks, and says where a picture came. */
  async function seekTo(seconds: number): Promise<{ at: number; error: string | null }> {
    return tab.run(async (seconds) => {
      const video = document.querySelector('video') as HTMLVideoElement
      const seeked = new Promise((resolve) =>
        video.addEventListener('seeked', resolve, { once: true }),
      )
      video.currentTime = seconds
      await seeked
      return { at: Math.round(video.currentTime), error: video.error?.message ?? null }
    }, seconds)
  }

  it.sequential('a film that was moved starts with as many requests as one whose index is in front', async () => {
    const front = await requestsFor('/front.mp4')
    const moved = await requestsFor('/moved.mp4')
    const end = await requestsFor('/end.mp4')
    expect(moved).toBeLessThanOrEqual(front + 1)
    expect(end).toBeGreaterThan(moved)
  })

  it.sequential.each(['moved', 'joined'])('a film that was %s seeks, and plays on', async (how) => {
    await requestsFor(`/${how}.mp4`)
    for (const at of [16, 2]) expect(await seekTo(at)).toEqual({ at, error: null })
    await tab.run(async () => {
      const video = document.querySelector('video') as HTMLVideoElement
      await video.play()
      while (video.currentTime < 3) {
        await new Promise((resolve) =>
          video.addEventListener('timeupdate', resolve, { once: true }),
        )
      }
    })
  })

  it.sequential('hls.js plays the playlist of a fragmented film, and seeks', async ({ skip }) => {
    if (!hasFfmpeg) return skip('ffmpeg is not installed')
    const flags = 'empty_moov+frag_keyframe+default_base_moof+global_sidx'
    const args = ['-v', 'error', '-y', '-i', `${MEDIA}film.mp4`, '-c', 'copy', '-movflags', flags]
    execFileSync('ffmpeg', [...args, fragmented])
    asked.length = 0
    await tab.open(`${url}/hls.html`)
    await tab.run(async () => {
      const video = document.querySelector('video') as HTMLVideoElement
      const Hls = Reflect.get(globalThis, 'Hls')
      const player = new Hls()
      const loaded = new Promise((resolve, reject) => {
        video.addEventListener('loadeddata', resolve)
        player.on(
          Hls.Events.ERROR,
          (_event: unknown, { fatal, details }: { fatal: boolean; details: string }) => {
            if (fatal) reject(new Error(details))
          },
        )
      })
      player.loadSource('film.m3u8')
      player.attachMedia(video)
      await loaded
    })
    for (const at of [15, 3]) expect(await seekTo(at)).toEqual({ at, error: null })
    const ranges = asked.filter((line) => /^\/fragmented\.mp4 bytes=\d+-\d+$/.test(line))
    expect(ranges.length).toBeGreaterThan(3)
  })
})

async function openFilm(path: string): Promise<FileSource> {
  const film = await nodeFile(path)
  if (film === null) throw new Error(`Expected a film at ${path}`)
  return film
}

/** The bytes [start, end) of a file, opened when they are read. */
function partOf({ etag }: FileSource, path: string, start: number, end: number): Part {
  const size = end - start
  return {
    size,
    etag,
    async open() {
      const { read, close } = await openFilm(path)
      return { size, etag, close, read: (from, to, into) => read(start + from, start + to, into) }
    },
  }
}

function text(type: string, content: string): Found {
  const bytes = new TextEncoder().encode(content)
  return { size: bytes.length, type, read: (start, end) => bytes.subarray(start, end) }
}

describe('hls', () => {
  it.each(['film.mp4', 'film.webm', 'film.en.vtt'])('has no playlist of %s', async (name) => {
    const film = await nodeFile(MEDIA + name)
    expect(film && (await hls(film, name))).toBe(null)
    await film?.close?.()
  })
})
