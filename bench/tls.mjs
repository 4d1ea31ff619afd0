// byteserve and its peers over TLS, with the same certificate: HTTP/1.1, and HTTP/2 with many
// streams of one session. Server CPU, in one run, interleaved. It takes about four minutes.
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cpuMicroseconds, node, scratch, start, startServer } from './proc.mjs'
import { startNginx } from './servers.mjs'
import { median } from './statistics.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.5' },
    server: { type: 'string', default: 'direct,direct-twin,fetch,native,send,nginx' },
    scenario: { type: 'string' },
  },
})

const KIB = 1024
const MIB = 1024 * KIB
const SIZE = 64 * MIB

const scenarios = [8, 64].flatMap((streams) => [
  ...['http1', 'http2'].map((protocol) => ({ protocol, streams, length: 64 * KIB })),
  ...['http1', 'http2'].map((protocol) => ({ protocol, streams, length: MIB })),
])
scenarios.push(
  { protocol: 'http1', streams: 1, length: SIZE },
  { protocol: 'http2', streams: 1, length: SIZE },
  { protocol: 'http2', streams: 8, length: SIZE },
)
const isWanted = (name) =>
  options.scenario === undefined || options.scenario.split(',').includes(name)
const nameOf = ({ protocol, streams, length }) => {
  const what = length === SIZE ? 'whole' : length === MIB ? '1m' : '64k'
  return `${protocol}-${what}-${streams}`
}

const home = scratch('tls')
const dir = join(home, 'files')

mkdirSync(dir)
writeFileSync(join(dir, 'film.mp4'), randomFillSync(Buffer.alloc(SIZE)))
const [key, cert] = makeCertificate()
const load = startLoad()
for (const protocol of ['http1', 'http2']) {
  const wanted = scenarios.filter((one) => one.protocol === protocol && isWanted(nameOf(one)))
  if (wanted.length === 0) continue
  const servers = await Promise.all(
    options.server.split(',').map((name) => startOne(name, protocol)),
  )
  for (const scenario of wanted) await measure(scenario, servers)
  for (const { stop } of servers) await stop()
}
process.exit()

async function measure(scenario, servers) {
  const { protocol, streams, length } = scenario
  const ask = ({ port }, seconds) =>
    load({ port, protocol, streams, file: 'film.mp4', ranges: rangesOf(length), seconds })
  for (const server of servers) await ask(server, 1)
  const figures = new Map(servers.map((server) => [server, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(i + round) % servers.length]
      const before = cpuMicroseconds(server.pid)
      const { requests, bytes, errors } = await ask(server, Number(options.seconds))
      if (errors > 0 || bytes !== requests * length) {
        throw new Error(`${server.name} failed at ${nameOf(scenario)}: ${errors} of ${requests}`)
      }
      figures.get(server).push((cpuMicroseconds(server.pid) - before) / requests)
    }
  }
  const send = [...figures].find(([{ name }]) => name === 'send')?.[1] ?? []
  console.log(`\n${nameOf(scenario)}, µs of server CPU per request\n`)
  console.log('| server | CPU µs | ÷ send |\n| --- | --- | --- |')
  for (const [{ name }, each] of figures) {
    const ratio = median(each.map((figure, round) => send[round] / figure))
    console.log(`| ${name} | ${median(each).toFixed(0)} | ${ratio.toFixed(2)} |`)
  }
}

/** Always the same places, in no order, all over the file. */
function rangesOf(length) {
  if (length === SIZE) return ['']
  return Array.from({ length: 32 }, (_, i) => {
    const start = Math.floor(((i * 0.618033988749895) % 1) * (SIZE / length)) * length
    return `bytes=${start}-${start + length - 1}`
  })
}

async function startOne(name, protocol) {
  const which = name.replace('-twin', '')
  const script = fileURLToPath(new URL('./servers/tls.mjs', import.meta.url))
  const running =
    which === 'nginx'
      ? await startNginx(dir, 'sendfile off; output_buffers 2 512k;', { key, cert })
      : await startServer(node, [script, dir, which, protocol, key, cert])
  return { name, ...running }
}

function startLoad() {
  const script = fileURLToPath(new URL('./tls-load.mjs', import.meta.url))
  const child = start(1, node, [script], { ipc: true })
  child.stderr.pipe(process.stderr)
  return (job) =>
    new Promise((resolve) => {
      child.once('message', resolve)
      child.send(job)
    })
}

function makeCertificate() {
  const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = ['req', '-x509', ...kind, '-subj', '/CN=localhost', '-keyout', key, '-out', cert]
  execFileSync('openssl', args, { stdio: 'ignore' })
  return [key, cert]
}
