// What it costs to open a file: synchronously, asynchronously, or not at all, from a cache of open
// files. First alone, then under load, then with slow metadata.
//   node bench/open.mjs [--quick]
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  realpathSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuMicroseconds, node, scratch, startLoad, startServer } from './proc.mjs'
import { median } from './statistics.mjs'

const isQuick = process.argv.includes('--quick')

async function main() {
  const dir = scratch('open')
  const yesterday = Date.now() / 1000 - 86_400
  for (const [name, size] of [
    ['small.bin', 4096],
    ['large.bin', 1 << 30],
    ['slow.bin', 4096],
  ]) {
    const path = join(dir, name)
    writeFileSync(path, Buffer.alloc(Math.min(size, 1 << 28), name))
    const fd = openSync(path, 'r+')
    ftruncateSync(fd, size)
    closeSync(fd)
    utimesSync(path, yesterday, yesterday)
  }
  console.log('## Alone, µs per open, look and close\n')
  const script = fileURLToPath(import.meta.url)
  const { stdout, stderr } = spawnSync(node, [script, '--alone', join(dir, 'small.bin')], {
    encoding: 'utf8',
  })
  console.log(stdout + stderr)
  await underLoad(dir)
  await withSlowMetadata(dir)
  process.exit()
}

/** Runs in a process of its own, on Node 24. */
async function alone(path) {
  const root = realpathSync.native(join(path, '..'))
  const cachedFd = openSync(path)
  const ways = {
    'open, fstat, close': () => {
      const fd = openSync(path)
      fstatSync(fd)
      closeSync(fd)
    },
    'open, fstat, realpath, stat, close': () => {
      const fd = openSync(path)
      fstatSync(fd)
      if (!realpathSync.native(path).startsWith(root)) throw new Error('outside')
      statSync(path)
      closeSync(fd)
    },
    realpathSync: () => realpathSync.native(path),
    statSync: () => statSync(path),
    'fstat of an open file (cache)': () => fstatSync(cachedFd),
    'asynchronous open, fstat, close': async () => {
      const file = await open(path)
      await file.stat()
      await file.close()
    },
    'asynchronous open, fstat, realpath, stat, close': async () => {
      const file = await open(path)
      await file.stat()
      await realpath(path)
      await stat(path)
      await file.close()
    },
  }
  console.log('| | CPU | wall |\n|---|---|---|')
  for (const [name, run] of Object.entries(ways)) {
    const cpu = []
    const wall = []
    for (let round = 0; round < 12; round++) {
      const started = performance.now()
      const before = process.cpuUsage()
      for (let i = 0; i < 2000; i++) {
        const waiting = run()
        if (waiting instanceof Promise) await waiting
      }
      const { user, system } = process.cpuUsage(before)
      if (round < 2) continue
      cpu.push((user + system) / 2000)
      wall.push((performance.now() - started) / 2)
    }
    console.log(`| ${name} | ${median(cpu).toFixed(1)} | ${median(wall).toFixed(1)} |`)
  }
}

const VARIANTS = ['sync', 'sync2', 'uncontained', 'async', 'async2', 'cache', 'cache2', 'byteserve']

function request(path, fields = '') {
  return `GET /${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`
}

const spots = Array.from({ length: 64 }, (_, i) => ((i * 2654435761) % 16_000) * 65_536)
const jobs = {
  '64 KiB of 1 GiB': spots.map((at) =>
    request('large.bin', `Range: bytes=${at}-${at + 65_535}\r\n`),
  ),
  '4 KiB file': [request('small.bin')],
}

async function underLoad(dir) {
  const rounds = isQuick ? 3 : 9
  const load = startLoad()
  for (const route of ['direct', 'fetch']) {
    const servers = await Promise.all(
      VARIANTS.map((variant) =>
        startServer(node, [
          new URL('open-server.mjs', import.meta.url).pathname,
          variant,
          route,
          dir,
        ]),
      ),
    )
    for (const [name, requests] of Object.entries(jobs)) {
      const figures = VARIANTS.map(() => [])
      for (let round = -1; round < rounds; round++) {
        for (let i = 0; i < servers.length; i++) {
          const turn = (i + round + 1) % servers.length
          const { pid, port } = servers[turn]
          const before = cpuMicroseconds(pid)
          const seconds = isQuick || round < 0 ? 1 : 1.5
          const result = await load.run({ port, requests, connections: 32, seconds, end: 'drain' })
          if (result.errors > 0) console.error(VARIANTS[turn], result)
          if (round >= 0) figures[turn].push((cpuMicroseconds(pid) - before) / result.requests)
        }
      }
      console.log(`## ${name}, ${route}: server CPU µs per request, median of ${rounds} rounds\n`)
      console.log(`| opening | median | least | most |\n|---|---|---|---|`)
      VARIANTS.forEach((variant, i) => {
        const cells = [median(figures[i]), Math.min(...figures[i]), Math.max(...figures[i])]
        console.log(`| ${variant} | ${cells.map((cell) => cell.toFixed(1)).join(' | ')} |`)
      })
      console.log()
    }
    await Promise.all(servers.map((server) => server.stop()))
  }
  await load.stop()
}

/** One request in ten is for a file whose metadata takes 5 ms; how long do the others wait? */
async function withSlowMetadata(dir) {
  const [fast, slow] = [startLoad(), startLoad()]
  console.log('## 5 ms of metadata for the files of one client of 33, direct\n')
  console.log('| opening | others: req/s | p50 ms | p99 ms | slow file: req/s | p50 ms |')
  console.log('|---|---|---|---|---|---|')
  for (const variant of ['sync', 'async', 'cache']) {
    const script = new URL('open-server.mjs', import.meta.url).pathname
    const server = await startServer(node, [script, variant, 'direct', dir, '5'])
    const { port } = server
    const [others, slowed] = await Promise.all([
      fast.run({ port, requests: jobs['4 KiB file'], connections: 32, seconds: 4, end: 'drain' }),
      slow.run({ port, requests: [request('slow.bin')], connections: 1, seconds: 4, end: 'drain' }),
    ])
    const cells = [
      others.requests / others.seconds,
      others.p50,
      others.p99,
      slowed.requests / slowed.seconds,
      slowed.p50,
    ]
    console.log(`| ${variant} | ${cells.map((cell) => cell.toFixed(1)).join(' | ')} |`)
    await server.stop()
  }
  console.log()
  await Promise.all([fast.stop(), slow.stop()])
}

if (process.argv.includes('--alone')) await alone(process.argv[3])
else await main()
