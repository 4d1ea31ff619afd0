// What it costs to send a film with its index first, ÷ the film as it is: server CPU per range, of
// one server, in turn, each twice.
//   node bench/faststart.mjs [ROUNDS]
import { randomFillSync } from 'node:crypto'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuMicroseconds, node, scratch, startLoad, startServer } from './proc.mjs'
import { median } from './statistics.mjs'

const KIB = 1024
const MIB = 1024 * KIB
const SIZE = 256 * MIB
const rounds = Number(process.argv[2] ?? 9)

const dir = scratch('faststart')
const film = join(dir, 'film.mp4')
writeFileSync(film, filmOf(SIZE))
utimesSync(film, 1e9, 1e9)
const server = await startServer(node, [
  fileURLToPath(new URL('./servers/faststart.mjs', import.meta.url)),
  dir,
])
const load = startLoad()
for (const length of [64 * KIB, MIB]) await measure(length)
process.exit()

async function measure(length) {
  const ways = ['plain', 'moved', 'plain', 'moved']
  for (const way of ways) await costOf(way, length, 1)
  const costs = ways.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const i of [0, 1, 2, 3].map((i) => (i + round) % 4)) {
      costs[i].push(await costOf(ways[i], length, 0.7))
    }
  }
  const ratio = (one, other) => median(costs[one].map((cost, round) => cost / costs[other][round]))
  console.log(
    `${length / KIB} KiB: plain ${median(costs[0]).toFixed(0)} µs; faststart ÷ plain ` +
      `${ratio(1, 0).toFixed(3)} and ${ratio(3, 2).toFixed(3)}; twins ` +
      `${ratio(2, 0).toFixed(3)} and ${ratio(3, 1).toFixed(3)}`,
  )
}

/** Server CPU per range, in µs. */
async function costOf(way, length, seconds) {
  const requests = Array.from({ length: 32 }, (_, i) => {
    const start = Math.floor(((i * 0.618033988749895) % 1) * (SIZE - length - 4 * KIB)) + 4 * KIB
    const range = `bytes=${start}-${start + length - 1}`
    return `GET /${way}/film.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: ${range}\r\n\r\n`
  })
  const before = cpuMicroseconds(server.pid)
  const job = { port: server.port, requests, connections: 8, seconds, end: 'drain' }
  const result = await load.run(job)
  if (Object.keys(result.statuses).join() !== '206') {
    throw new Error(`Expected 206s, got ${JSON.stringify(result.statuses)}`)
  }
  return (cpuMicroseconds(server.pid) - before) / result.requests
}

/** An MP4 whose index, of one chunk, is at its end. */
function filmOf(size) {
  const box = (type, ...contents) => {
    const content = Buffer.concat(contents)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(8 + content.length)
    head.write(type, 4, 'latin1')
    return Buffer.concat([head, content])
  }
  const chunks = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0])
  let moov = box('stco', chunks)
  for (const type of ['stbl', 'minf', 'mdia', 'trak', 'moov']) moov = box(type, moov)
  const ftyp = box('ftyp', Buffer.from('isom'))
  const media = randomFillSync(Buffer.alloc(size - ftyp.length - moov.length - 8))
  return Buffer.concat([ftyp, box('mdat', media), moov])
}
