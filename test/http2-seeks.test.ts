import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import { fileHandler } from '../src/index.ts'
import { writeStretched } from './command-film.ts'
import { executablePath, launchChromium } from './support/chromium.ts'
import { temporaryDirectory } from './support/temporary.ts'

const MIB = 1024 * 1024
const FILM = fileURLToPath(new URL('../examples/media/film.mp4', import.meta.url))

const directory = temporaryDirectory()
writeFileSync(join(directory, 'film.bin'), '')
truncateSync(join(directory, 'film.bin'), 64 * MIB)

const lookup = nodeDirectory(directory)
const listeners = {
  nodeListener: nodeListener(lookup),
  'fileHandler on @hono/node-server': getRequestListener(fileHandler(lookup)),
}
type Listener = (incoming: http2.Http2ServerRequest, outgoing: http2.Http2ServerResponse) => unknown

/** As a middleware does that has something to do at the end of a response, such as keep a session. */
function wrapped(listener: Listener): Listener {
  return (incoming, outgoing) => {
    outgoing.end = outgoing.end.bind(outgoing)
    return listener(incoming, outgoing)
  }
}

/** At full speed, Node ends a connection after some 1000 resets, whatever it serves. */
const UNHURRIED = { streamResetBurst: 1e6, streamResetRate: 1e6 }
const canBeUnhurried = Number.parseInt(process.versions.node, 10) >= 24

const opened: { close(): unknown }[] = []
afterAll(() => {
  for (const each of opened) each.close()
})

describe.each([
  ...Object.entries(listeners),
  ['nodeListener behind a middleware', wrapped(listeners.nodeListener)] as const,
])('over HTTP/2, %s', (_name, listener) => {
  test('answers after 1000 seeks on one connection', async () => {
    const url = await serve(listener)
    const session = connect(url)
    for (let i = 0; i < 1000; i++) await seek(session, i * 50_000)
    expect(await ask(session)).toEqual({ status: 206, length: 1000 })
    expect(session.closed).toBe(false)
  })
})

describe('over HTTP/2, a connection whose memory is used up', () => {
  test.runIf(canBeUnhurried)('is replaced, and what runs on it runs on', async () => {
    const session = connect(await serve(listeners.nodeListener))
    const running = session.request({ ':path': '/film.bin' })
    await once(running, 'readable')
    const goaway = once(session, 'goaway')
    for (let i = 0; i < 5000 && !session.closed; i++) await seek(session, i * 1000)
    expect((await goaway)[0]).toBe(http2.constants.NGHTTP2_NO_ERROR)
    let length = 0
    for await (const chunk of running) length += chunk.length
    expect([length, running.rstCode]).toEqual([64 * MIB, 0])
  })

  test('is not one with as many streams at once as a page asks for', async () => {
    const session = connect(await serve(listeners.nodeListener))
    const streams = Array.from({ length: 256 }, () => session.request({ ':path': '/film.bin' }))
    const statuses = streams.map(async (stream) => (await once(stream, 'response'))[0][':status'])
    expect(await Promise.all(statuses)).toEqual(streams.map(() => 200))
    expect(await ask(session)).toEqual({ status: 206, length: 1000 })
    expect(session.closed).toBe(false)
  })
})

describe.skipIf(executablePath === null)('over HTTP/2 and TLS, in Chromium', () => {
  /** More than a browser reads on for, rather than ask for what lies behind. */
  const GAP = 256 * MIB
  let browser: Browser
  let tls: { key: Buffer; cert: Buffer }

  beforeAll(async () => {
    tls = makeCertificate()
    copyFileSync(FILM, join(directory, 'film.mp4'))
    writeStretched(FILM, join(directory, 'far.mp4'), GAP)
    writeFileSync(join(directory, 'page.html'), '<!doctype html><video muted></video>')
    browser = await launchChromium('--ignore-certificate-errors')
  })
  afterAll(() => browser?.close())

  test.concurrent.each(
    Object.entries(listeners),
  )('a film plays after 80 seeks, %s', async (_, listener) => {
    const protocols = new Set<string>()
    const sessions = new Set<unknown>()
    const server = http2.createSecureServer({ ...tls, allowHTTP1: false }, (incoming, outgoing) => {
      protocols.add(incoming.httpVersion)
      sessions.add(incoming.stream.session)
      return listener(incoming, outgoing)
    })
    const url = await listen(server, 'https')
    const page = await browser.newPage()
    await page.goto(`${url}/page.html`)
    for (let i = 0; i < 40; i++) {
      // Another name each time: what is in the browser's memory is not asked for again.
      const position = await page.evaluate(async (source) => {
        const video = document.querySelector('video')
        if (video === null) throw new Error('Expected a video')
        const happens = (event: string) =>
          new Promise((resolve, reject) => {
            video.addEventListener(event, resolve, { once: true })
            video.addEventListener('error', () => reject(video.error), { once: true })
          })
        video.src = source
        await happens('loadeddata')
        video.currentTime = 16
        await happens('seeked')
        return video.currentTime
      }, `far.mp4?${i}`)
      expect(position).toBe(16)
    }
    expect([[...protocols], sessions.size]).toEqual([['2.0'], 1])
    await page.close()
  })
})

async function serve(listener: Listener): Promise<string> {
  return listen(http2.createServer(UNHURRIED, listener), 'http')
}

async function listen(server: http2.Http2Server, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(server)
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function connect(url: string): http2.ClientHttp2Session {
  const session = http2.connect(url)
  session.on('error', () => {})
  opened.push({ close: () => session.destroy() })
  return session
}

/** What a player does: asks for all from a place on, and has enough before it has all. */
async function seek(session: http2.ClientHttp2Session, start: number): Promise<void> {
  const stream = session.request({ ':path': '/film.bin', range: `bytes=${start}-` })
  stream.on('error', () => {})
  stream.once('data', () => stream.close(http2.constants.NGHTTP2_CANCEL))
  await new Promise((resolve) => stream.once('close', resolve))
}

async function ask(session: http2.ClientHttp2Session): Promise<object> {
  const stream = session.request({ ':path': '/film.bin', range: 'bytes=0-999' })
  const [headers] = await once(stream, 'response')
  let length = 0
  for await (const chunk of stream) length += chunk.length
  return { status: headers[':status'], length }
}

function makeCertificate(): { key: Buffer; cert: Buffer } {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [
    string,
    string,
  ]
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=localhost', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...options, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
