import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type BunOptions, bunDirectory, bunFile } from '../../adapters/bun.ts'
import { cached } from '../../adapters/cache.ts'
import { openFiles } from '../../adapters/local/shared.ts'
import { fileHandler, serveFile } from '../../src/serve.ts'
import { describeSource } from '../contract.ts'
import { cachedFiles } from '../support/cached-files.ts'
import { someBytes } from '../support/counting-source.ts'
import { openHandles } from '../support/handles.ts'
import { namedFiles, pathLookup, putFile, replaceByFifo } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { describeHttp } from './http.ts'
import { describeMade } from './made.ts'
import { describeS3 } from './s3.ts'

declare const Bun: {
  serve(options: { hostname: string; port: number; fetch(request: Request): Promise<Response> }): {
    readonly port: number
    stop(closeActive: boolean): unknown
  }
}

const directory = temporaryDirectory()

function bunFiles(options: BunOptions) {
  return namedFiles(directory, (path) => bunFile(path, { ...options, keepOpen: 0 }))
}

describeSource('bunFile, stable', bunFiles({ stable: true }))

// Who reads Bun's own body is told of no change: see changes.test.ts, of test/wire.
const { changes: _, ...unchanging } = bunFiles({})
describeSource("bunFile, with Bun's own bodies", {
  ...unchanging,
  openHandles({ path }) {
    // As if half a minute had gone by: for so long what was handed over stays open.
    openFiles.sweep(performance.now() + 30_000)
    return openHandles(path)
  },
})

const lookUp = pathLookup(directory, bunDirectory(directory, { stable: true, keepOpen: 0 }))
describeSource('bunDirectory', namedFiles(directory, lookUp))

describeMade(directory, (path) => bunFile(path, { stable: true, keepOpen: 0 }))
const files = bunDirectory(directory, { stable: true, keepOpen: 0 })
const tier = { directory: temporaryDirectory() }
describeSource('cached, with a directory behind', cachedFiles(directory, files, tier))

it('a part of a cached file has its length, over the borders of blocks', async () => {
  const path = putFile(directory, someBytes(2_000_000))
  const handler = fileHandler(cached(files, { blockSize: 100_000 }))
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => handler(request) })
  onTestFinished(() => void server.stop(true))
  const headers = { range: 'bytes=99999-999999' }
  const response = await fetch(`http://127.0.0.1:${server.port}/${basename(path)}`, { headers })
  const { length } = await response.bytes()
  expect([response.headers.get('content-length'), length]).toEqual(['900001', 900_001])
})

/** Of these Bun hands over its own body. */
const LARGE = 2 * 1024 * 1024

it('a large file that is no medium keeps the fields that it is given', async () => {
  const path = join(directory, 'large.zip')
  writeFileSync(path, '')
  truncateSync(path, LARGE)
  const headers = { 'cache-control': 'no-store', 'content-disposition': 'attachment' }
  const [told, untold] = [await bunFile(path, { headers }), await bunFile(path)]
  await Promise.all([told?.close?.(), untold?.close?.()])
  expect([told, untold].map((source) => Object.fromEntries(new Headers(source?.headers)))).toEqual([
    headers,
    { 'content-disposition': 'inline' },
  ])
})

describe('Content-Disposition of a large file', () => {
  const path = join(directory, 'film.bin')
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const type = new URL(request.url).searchParams.get('type') ?? undefined
      return serveFile(request, await bunFile(path, { type }))
    },
  })
  beforeAll(() => {
    writeFileSync(path, '')
    truncateSync(path, LARGE)
  })
  afterAll(() => server.stop(true))

  // Bun adds the file's name on the server, unless it takes the type for one to show.
  it.each([
    ['text/plain', null],
    ['image/png', null],
    ['audio/mp4', null],
    ['video/mp4', null],
    ['font/woff2', null],
    ['application/json', null],
    ['application/json; charset=utf-8', null],
    ['application/geo+json', null],
    ['application/wasm', null],
    ['application/json-seq', 'inline'],
    ['application/zip', 'inline'],
    ['model/video/mp4', 'inline'],
    ['x/application/json', 'inline'],
  ])('%s: %s', async (type, expected) => {
    const url = `http://127.0.0.1:${server.port}/?type=${encodeURIComponent(type)}`
    const response = await fetch(url)
    await response.body?.cancel()
    expect(response.headers.get('content-disposition')).toBe(expected)
  })
})

it('a file of less than 1 MiB is sent without', async () => {
  const source = await bunFile(putFile(directory, someBytes(1024 * 1024 - 1)))
  await source?.close?.()
  expect(source?.headers).toBe(undefined)
})

describe.each([
  ['before its native body is made', 'first'],
  ['before its native body is opened', 'last'],
] as const)('%s', (_when, turn) => {
  it.each<[how: string, change: (path: string) => unknown]>([
    ['replaced', (path) => renameSync(putFile(directory, someBytes(LARGE, 2)), path)],
    ['replaced by a FIFO', replaceByFifo],
    ['removed', (path) => rmSync(path)],
  ])('a file that is %s is sent', async (_how, change) => {
    const bytes = someBytes(LARGE)
    const path = putFile(directory, bytes)
    const source = await bunFile(path)
    if (turn === 'first') change(path)
    const response = await serveFile(new Request('http://localhost/'), source)
    if (turn === 'last') change(path)
    expect(Buffer.compare(await response.bytes(), bytes)).toBe(0)
  })
})

describeHttp()
describeS3()
