import { utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fileHandler } from 'byteserve'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeDirectory, nodeListener } from '../adapters/node.ts'
import { origin, originFile } from '../examples/origin.ts'
import { describeSource } from './contract.ts'
import { changesThat, localFiles } from './support/local-files.ts'
import { temporaryDirectory } from './support/temporary.ts'

const directory = temporaryDirectory()
const files = nodeListener(nodeDirectory(directory, { base: '/files/', keepOpen: 0 }), {
  onError: () => {},
})
const asked: string[] = []
const yesterday = Math.floor(Date.now() / 1000 - 86_400)
const etag = `"c-${(yesterday * 1000).toString(16)}"`

/** Answers to a range that hold other bytes than were asked for, of the right version. */
const wrongAnswers = new Map<string, [status: number, headers: Record<string, string>]>([
  ['/files/without-ranges', [200, { etag, 'content-range': 'bytes 0-11/12' }]],
  ['/files/another-range', [206, { etag, 'content-range': 'bytes 1-12/99' }]],
])
/** To HEAD. */
const wrongHeads = new Map<string, [status: number, headers: Record<string, string>]>()
const server = createServer((incoming, outgoing) => {
  asked.push(`${incoming.method} ${incoming.url} ${incoming.headers.range ?? ''}`)
  const wrong = (incoming.method === 'GET' ? wrongAnswers : wrongHeads).get(incoming.url ?? '')
  if (incoming.url === '/files/broken') outgoing.writeHead(500).end()
  else if (wrong !== undefined) outgoing.writeHead(...wrong).end('Byte serving')
  else void files(incoming, outgoing)
})
let base: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // What `address` gives once the server listens on a port.
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/files/`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describeSource('originFile', {
  ...localFiles(directory, (path) => originFile(base + basename(path))),
  // What the origin breaks off may have left it whole before.
  changes: changesThat((outcome) => (outcome === 'whole' ? 'whole' : 'either')),
  openMissing: () => originFile(`${base}no-such-file`),
  openDirectory: () => originFile(base),
})

describe('a lookup of the files of another server', () => {
  const body = 'Byte serving'

  beforeAll(() => {
    for (const name of ['a b', 'without-ranges', 'another-range']) putInPlace(name, body, yesterday)
  })

  async function ask(url: string, range?: string): Promise<unknown> {
    asked.length = 0
    const handler = fileHandler(origin(base), { onError: () => {} })
    const headers: HeadersInit = range === undefined ? {} : { range }
    const response = await handler(new Request(`http://localhost${url}`, { headers }))
    return { status: response.status, body: await response.text(), asked: [...asked] }
  }

  it.each([
    ['/a%20b', undefined, 200, body, ['HEAD /files/a%20b ', 'GET /files/a%20b bytes=0-11']],
    ['/a%20b', 'bytes=5-8', 206, 'serv', ['HEAD /files/a%20b ', 'GET /files/a%20b bytes=5-8']],
    ['/a%20b', 'bytes=99-', 416, '', ['HEAD /files/a%20b ']],
    ['/none', undefined, 404, '', ['HEAD /files/none ']],
    ['/broken', undefined, 503, '', ['HEAD /files/broken ']],
    [
      '/without-ranges',
      undefined,
      503,
      '',
      ['HEAD /files/without-ranges ', 'GET /files/without-ranges bytes=0-11'],
    ],
    [
      '/another-range',
      undefined,
      503,
      '',
      ['HEAD /files/another-range ', 'GET /files/another-range bytes=0-11'],
    ],
    // Neither another server nor another directory.
    ['/http://127.0.0.1:1/x', undefined, 404, '', ['HEAD /files/http://127.0.0.1:1/x ']],
    ['/..%2fsecret', undefined, 404, '', []],
    ['/x%5C..%5csecret', undefined, 404, '', []],
    ['/%2e%2e/a%20b', undefined, 200, body, ['HEAD /files/a%20b ', 'GET /files/a%20b bytes=0-11']],
  ])('GET %s %s', async (url, range, status, body, asked) => {
    expect(await ask(url, range)).toEqual({ status, body, asked })
  })

  it('a file that changed between two reads is never spliced', async () => {
    const source = await originFile(`${base}a%20b`)
    putInPlace('a b', 'BYTE SERVING', yesterday + 1)
    const message = `${base}a%20b changed while it was being served`
    await expect(source?.read(0, 4)).rejects.toThrow(message)
  })

  it.each([
    ['with a strong tag', etag, 'rv'],
    ['with a weak tag', `W/${etag}`, null],
    ['without a tag', undefined, null],
  ])('two reads of a file %s', async (_what, tag, second) => {
    const fields = tag === undefined ? {} : { etag: tag }
    const size = { ...fields, 'content-length': '12' }
    wrongHeads.set('/files/tagged', [200, size])
    const part = (first: number) => ({
      ...fields,
      'content-range': `bytes ${first}-${first + 1}/12`,
    })
    wrongAnswers.set('/files/tagged', [206, part(5)])
    const source = await originFile(`${base}tagged`)
    await source?.read(5, 7)
    wrongAnswers.set('/files/tagged', [206, part(7)])
    const read = Promise.resolve(source?.read(7, 9))
    if (second !== null) return expect(read).resolves.toBeInstanceOf(ReadableStream)
    return expect(read).rejects.toThrow('tagged may have changed while it was being served')
  })

  function putInPlace(name: string, text: string, modified: number): void {
    const path = join(directory, name)
    writeFileSync(path, text)
    utimesSync(path, modified, modified)
  }
})
