// A viewer who pauses for 30 s, while the store cuts off who does not read for 2 s, on each runtime:
//   npm run build && node bench/elsewhere/paused.mjs
// The store is Ceph's RADOS Gateway with request_timeout_ms=2000; it has to be installed.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AwsClient } from 'aws4fetch'

const PAUSE = 30_000
const PORTS = [18_770, 18_771, 18_772]
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const project = here('../../')
const RUNTIMES = {
  node: [process.execPath],
  bun: [`${project}node_modules/bun/bin/bun.exe`],
  deno: [`${project}node_modules/deno/bin.cjs`, 'run', '--allow-all', '--cached-only', '--no-lock'],
}
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex')

function start(command, ...args) {
  const child = spawn(command, args, { cwd: project, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdout.setEncoding('utf8')
  return child
}

const directory = mkdtempSync(join(tmpdir(), 'byteserve-'))
const ceph = start('sh', here('../../test/support/rgw.sh'), directory, ...PORTS)
for await (const line of ceph.stdout) if (line.includes('S3 listens')) break

const endpoint = `http://127.0.0.1:${PORTS[0]}`
const credentials = { accessKeyId: 'KEY', secretAccessKey: 'SECRET' }
const client = new AwsClient({ ...credentials, service: 's3', region: 'us-east-1' })
const film = randomBytes(96 * 1024 * 1024)
await client.fetch(`${endpoint}/films`, { method: 'PUT' })
await client.fetch(`${endpoint}/films/film.mp4`, { method: 'PUT', body: film })

async function view(name, [command, ...flags]) {
  const where = JSON.stringify({ s3: { endpoint, bucket: 'films', credentials } })
  const script = here('../../test/wire/servers/elsewhere.mjs')
  const child = start(command, ...flags, script, 'fetch', where)
  const [port] = await once(child.stdout, 'data')
  const [incoming] = await once(get(`http://127.0.0.1:${Number(port)}/film.mp4`), 'response')
  const chunks = []
  for await (const chunk of incoming) {
    chunks.push(chunk)
    if (chunks.length === 1) await setTimeout(PAUSE)
  }
  const bytes = Buffer.concat(chunks)
  const isSame = digestOf(bytes) === digestOf(film)
  console.log(`${name}: ${bytes.length} bytes, ${isSame ? 'the same' : 'OTHER ONES'}`)
  child.kill()
}

await Promise.all(Object.entries(RUNTIMES).map(([name, command]) => view(name, command)))
ceph.stdin.end()
await once(ceph, 'exit')
rmSync(directory, { recursive: true, force: true })
