import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeFile, nodeListener } from '../adapters/node.ts'
import { Checksums, zip } from '../adapters/zip.ts'
import { readBytes } from '../src/reader.ts'
import type { FileSource } from '../src/source.ts'
import { someBytes } from './support/counting-source.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { areInstalled } from './support/installed.ts'
import { putFile } from './support/local-files.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const run = promisify(execFile)

/** Bytes after which connections are cut, one after the other: some before the head is through. */
const CUTS = [1_500_000, 70, 300_000, 2_200_000, 1000, 4_000_000, 900_000, 3_100_000]

describe('a download that is cut again and again', () => {
  const directory = temporaryDirectory()
  const paths = [4_000_000, 0, 7_000_001, 999, 6_000_000].map((size, i) =>
    putFile(directory, someBytes(size, i)),
  )
  const checksums = new Checksums()
  const open = (): Promise<FileSource> => {
    const members = paths.map((path, i) => ({
      name: `member ${i}`,
      open: () => nodeFile(path, { keepOpen: 0 }),
    }))
    return zip(members, { checksums })
  }
  const server = createServer(nodeListener(open, { onError: () => {} }))
  let cutter: Server
  let url: string
  let whole: Uint8Array

  beforeAll(async () => {
    const archive = await open()
    whole = await readBytes(archive, 0, archive.size)
    await archive.close?.()
    const { port } = await listen(server)
    cutter = cutting(port)
    url = `http://127.0.0.1:${(await listen(cutter)).port}/films.zip`
  })

  afterAll(() => {
    cutter.close()
    server.closeAllConnections()
    server.close()
  })

  const ways: [program: string, download: (path: string) => Promise<void>][] = [
    [
      'curl',
      async (path) => {
        const args = ['-sS', '-C', '-', '-o', path, url]
        // A head that was cut is none to curl: what counts is what it has.
        const isWhole = () => existsSync(path) && statSync(path).size === whole.length
        for (let i = 0; i < 50 && !isWhole(); i++) await run('curl', args).catch(() => {})
      },
    ],
    [
      'wget',
      async (path) => {
        await run('wget', ['-q', '-c', '-t', '50', '--waitretry=0', '-O', path, url])
      },
    ],
    [
      'aria2c',
      async (path) => {
        const many = ['-x8', '-s8', '-k1M', '--max-tries=50', '--retry-wait=0']
        const place = ['-d', directory, '-o', path.slice(directory.length + 1)]
        await run('aria2c', ['-q', '--no-conf', '--file-allocation=none', ...many, ...place, url])
      },
    ],
  ]

  for (const [program, download] of ways) {
    it.runIf(areInstalled(program, 'unzip'))(`is whole in the end, by ${program}`, async () => {
      const path = join(directory, `${program}.zip`)
      await download(path)
      expect(Buffer.compare(readFileSync(path), whole)).toBe(0)
      expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toMatch(/No errors/)
      if (!canCountHandles) return
      await until(() => paths.every((each) => openHandles(each) === 0))
    })
  }
})

async function listen(server: Server | ReturnType<typeof createServer>): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // What `address` gives once the server listens on a port.
  return server.address() as AddressInfo
}

/** Passes bytes on to a port, and cuts each connection, on both sides, after some. */
function cutting(port: number): Server {
  let count = 0
  return createTcpServer((client) => {
    let left = CUTS[count++ % CUTS.length] ?? 0
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
