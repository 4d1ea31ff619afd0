import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat } from '../adapters/concat.ts'
import { faststart } from '../adapters/mp4.ts'
import { nodeFile, nodeListener } from '../adapters/node.ts'
import { Checksums, zip } from '../adapters/zip.ts'
import { readBytes } from '../src/reader.ts'
import type { FileSource } from '../src/source.ts'
import { someBytes } from './support/counting-source.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { areInstalled } from './support/installed.ts'
import { putFile } from './support/local-files.ts'
import { box, offsetBox, track } from './support/mp4.ts'
import { randomNumbers } from './support/random.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const run = promisify(execFile)

/** Where connections are cut is random, but the same again with the same seed. */
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

const SIZES = [4_000_000, 0, 7_000_001, 999, 6_000_000]

const directory = temporaryDirectory()
const paths = SIZES.map((size, i) => putFile(directory, someBytes(size, i)))
const film = putFile(
  directory,
  Buffer.concat([
    box('ftyp', 'isom'),
    box('mdat', someBytes(17_000_000)),
    box('moov', track(offsetBox('stco', [16, 1_000_000, 16_999_999]))),
  ]),
)

const open = async (path: string): Promise<FileSource> => {
  const file = await nodeFile(path, { keepOpen: 0 })
  if (file === null) throw new Error(`Expected a file at ${path}`)
  return file
}

const checksums = new Checksums()

const made: Record<string, () => Promise<FileSource>> = {
  zip: () =>
    zip(
      paths.map((path, i) => ({ name: `member ${i}`, open: () => open(path) })),
      { checksums },
    ),
  concat: async () => concat(await Promise.all(paths.map(open))),
  faststart: async () => faststart(await open(film)),
}

describe.each(
  Object.entries(made),
)('a download of a %s that is cut again and again', (name, make) => {
  const server = createServer(nodeListener(make, { onError: () => {} }))
  let cutter: Server
  let url: string
  let whole: Uint8Array

  beforeAll(async () => {
    const source = await make()
    whole = await readBytes(source, 0, source.size)
    await source.close?.()
    const { port } = await listen(server)
    cutter = cutting(port, randomCuts(whole.length))
    url = `http://127.0.0.1:${(await listen(cutter)).port}/${name}.bin`
  })

  afterAll(() => {
    cutter.close()
    server.closeAllConnections()
    server.close()
  })

  const ways: [program: string, args: (path: string) => string[]][] = [
    ['curl', (path) => ['-sS', '-C', '-', '-o', path, url]],
    ['wget', (path) => ['-q', '-c', '-t', '100', '--waitretry=0', '-O', path, url]],
    [
      'aria2c',
      (path) => {
        const many = ['-x8', '-s8', '-k1M', '--max-tries=100', '--retry-wait=0']
        const place = ['-d', directory, '-o', path.slice(directory.length + 1)]
        return ['-q', '--no-conf', '--file-allocation=none', '-c', ...many, ...place, url]
      },
    ],
  ]

  for (const [program, args] of ways) {
    it.runIf(areInstalled(program))(`is whole in the end, by ${program}`, async () => {
      const path = join(directory, `${name} by ${program}`)
      // A head that was cut is none to curl, and all there is to wget: what counts is what they have.
      const isWhole = () =>
        existsSync(path) && statSync(path).size === whole.length && !existsSync(`${path}.aria2`)
      for (let i = 0; i < 100 && !isWhole(); i++) await run(program, args(path)).catch(() => {})
      expect(Buffer.compare(readFileSync(path), whole), `SEED=${seed}`).toBe(0)
      if (name === 'zip' && areInstalled('unzip')) {
        expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toMatch(/No errors/)
      }
      if (!canCountHandles) return
      await until(() => [...paths, film].every((each) => openHandles(each) === 0))
    })
  }
})

/** After how many bytes a connection is cut: at once, before the head is through, or anywhere. */
function* randomCuts(size: number): Generator<number> {
  const random = randomNumbers(seed)
  for (;;) {
    const most = [1, 400, size / 2, size / 2][Math.floor(random() * 4)] ?? 0
    yield Math.floor(random() * most)
  }
}

async function listen(server: Server | ReturnType<typeof createServer>): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // What `address` gives once the server listens on a port.
  return server.address() as AddressInfo
}

/** Passes bytes on to a port, and cuts each connection, on both sides, after some. */
function cutting(port: number, cuts: Iterator<number>): Server {
  return createTcpServer((client) => {
    let left = cuts.next().value
    const upstream = connect(port, '127.0.0.1')
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      client.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) client.end(cut)
    })
    for (const socket of [client, upstream]) socket.on('error', cut).on('close', cut)
  })
}
