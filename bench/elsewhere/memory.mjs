// The memory of a server that gets a file of 5 GiB from another one, on each runtime:
//   npm run build && node bench/elsewhere/memory.mjs
// The other server is nginx, the file sparse. Linux only: the figures are from /proc.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MIB = 1024 * 1024
const SIZE = 5 * 1024 * MIB
const PORT = 18_765
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const modules = here('../../node_modules/')
const RUNTIMES = {
  node: [process.execPath],
  bun: [`${modules}bun/bin/bun.exe`],
  deno: [`${modules}deno/bin.cjs`, 'run', '--allow-all', '--cached-only', '--no-lock'],
}

const directory = mkdtempSync(join(tmpdir(), 'byteserve-'))
writeFileSync(join(directory, 'film'), '')
truncateSync(join(directory, 'film'), SIZE)
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
const places = temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')
writeFileSync(
  join(directory, 'nginx.conf'),
  `daemon off; master_process off; pid ${directory}/pid; error_log stderr warn; user root; events {}
   http { access_log off; ${places} server { listen 127.0.0.1:${PORT}; root ${directory}; } }`,
)
const nginx = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')])
await setTimeout(1000)

/** Peak and present memory of a process, in bytes. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const [peak, now] = ['VmHWM', 'VmRSS'].map((name) => {
    const [, kib] = new RegExp(`${name}:\\s+(\\d+)`).exec(status) ?? []
    return Number(kib) * 1024
  })
  return { peak, now }
}

async function download(port, length) {
  const headers = { range: `bytes=0-${length - 1}` }
  const request = get({ port, host: '127.0.0.1', path: '/ours/film', headers })
  const [incoming] = await once(request, 'response')
  let received = 0
  incoming.on('data', (chunk) => {
    received += chunk.length
  })
  await once(incoming, 'end')
  if (received !== length) throw new Error(`Expected ${length} bytes, got ${received}`)
}

for (const [name, [command, ...flags]] of Object.entries(RUNTIMES)) {
  if (process.argv.length > 2 && !process.argv.includes(name)) continue
  const args = [...flags, here('server.mjs'), `http://127.0.0.1:${PORT}/`]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data')
  // Warm first: what a runtime takes for itself is no growth.
  await download(Number(port), 256 * MIB)
  const before = memoryOf(child.pid)
  await download(Number(port), SIZE)
  const after = memoryOf(child.pid)
  const inMib = (bytes) => `${Math.round(bytes / MIB)} MiB`
  console.log(
    `${name}: ${inMib(before.now)} after 256 MiB, at most ${inMib(before.peak)}; ` +
      `${inMib(after.now)} after 5 GiB, at most ${inMib(after.peak)}`,
  )
  child.kill()
}
nginx.kill()
rmSync(directory, { recursive: true })
