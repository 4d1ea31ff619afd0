import { once } from 'node:events'
import { appendFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { denoDirectory, denoFile } from '../../adapters/deno.ts'
import { nodeListener } from '../../adapters/node.ts'
import { serveFile } from '../../src/serve.ts'
import type { Served } from '../../src/served.ts'
import { describeSource } from '../contract.ts'
import { cachedFiles } from '../support/cached-files.ts'
import { someBytes } from '../support/counting-source.ts'
import { openHandles } from '../support/handles.ts'
import { namedFiles, pathLookup, putFile, replaceByFifo } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { until } from '../support/wait.ts'
import { describeHttp } from './http.ts'
import { describeMade } from './made.ts'
import { describeS3 } from './s3.ts'

const directory = temporaryDirectory()

// Not `native`: those streams end where the range does only under Deno.serve. See test/wire.
describeSource(
  'denoFile',
  namedFiles(directory, (path) => denoFile(path, { keepOpen: 0 })),
)

const lookUp = pathLookup(directory, denoDirectory(directory, { keepOpen: 0 }))
describeSource('denoDirectory', namedFiles(directory, lookUp))

describeMade(directory, (path) => denoFile(path, { keepOpen: 0 }))
const files = denoDirectory(directory, { keepOpen: 0 })
const tier = { directory: temporaryDirectory() }
describeSource('cached, with a directory behind', cachedFiles(directory, files, tier))

describe('a native body', () => {
  const bytes = someBytes(100_000)
  const open = (path: string) => denoFile(path, { native: true, keepOpen: 0 })

  it.each<[string, (path: string) => unknown]>([
    ['replaced', (path) => renameSync(putFile(directory, someBytes(100_000, 2)), path)],
    ['replaced by a FIFO', replaceByFifo],
    ['removed', (path) => rmSync(path)],
    ['added to', (path) => appendFileSync(path, 'more')],
  ])('of a file that is %s before it is opened is what was held', async (_how, change) => {
    const path = putFile(directory, bytes)
    const source = await open(path)
    change(path)
    const response = await serveFile(new Request('http://localhost/'), source)
    expect(Buffer.compare(await response.bytes(), bytes)).toBe(0)
    expect(openHandles(path)).toBe(0)
  })

  it('of a file that is rewritten before it is opened is a 503', async () => {
    const path = putFile(directory, bytes)
    const source = await open(path)
    writeFileSync(path, someBytes(100_000, 2))
    utimesSync(path, 5000, 5000)
    const onError = () => {}
    const { status } = await serveFile(new Request('http://localhost/'), source, { onError })
    expect([status, openHandles(path)]).toEqual([503, 0])
  })

  // Deno.serve cuts what runs past the range from 2.9.6 on.
  it.each([
    ['1.46.10', false],
    ['2.0.9', false],
    ['2.9.5', false],
    ['2.9.6', true],
    ['2.9.6+abc', true],
    ['2.10.0', true],
    ['3.0.0', true],
  ])('of a part is given on Deno %s: %s', async (deno, isGiven) => {
    vi.stubGlobal('Deno', { ...Reflect.get(globalThis, 'Deno'), version: { deno } })
    onTestFinished(() => void vi.unstubAllGlobals())
    const path = putFile(directory, bytes)
    const [part, whole] = [await open(path), await open(path)]
    const bodies = [
      await part?.read.native?.body?.(10, 20),
      await whole?.read.native?.body?.(10, 100_000),
    ]
    expect(bodies.map((body) => body instanceof ReadableStream)).toEqual([isGiven, true])
    if (!isGiven) await part?.close?.()
    for (const body of bodies) if (body instanceof ReadableStream) await body.cancel()
    await until(() => openHandles(path) === 0)
  })
})

it('a client of node:http that hangs up during a look-up is told of, as in Node', async () => {
  const onServed = vi.fn<(served: Served) => void>()
  const onError = vi.fn()
  let fail: (() => void) | undefined
  const lookup = () =>
    new Promise<null>((_, reject) => {
      fail = () => reject(new Error('too late'))
    })
  const server = createServer(nodeListener(lookup, { onServed, onError }))
  const closed = vi.fn()
  server.on('connection', (socket) => socket.on('close', closed))
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => fail !== undefined)
  client.destroy()
  await until(() => closed.mock.calls.length > 0)
  fail?.()
  await until(() => onServed.mock.calls.length > 0)
  expect(onServed.mock.calls[0]?.[0]).toMatchObject({ aborted: true, error: undefined })
  expect(onError).not.toHaveBeenCalled()
})

describeHttp()
describeS3()
