// node test/attacks/stall.mjs [SECONDS]: how long requests for a local file take, on each runtime,
// beside a mount that answers, and beside one that answers nothing for so many seconds (4), with
// eight requests that wait for it. Needs /dev/fuse, root, and a C compiler with libfuse3.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const seconds = Number(process.argv[2] ?? 4)
const project = fileURLToPath(new URL('../../', import.meta.url))
const deno = ['run', '--cached-only', '--no-lock', '-A']
const TARGETS = {
  'node, fileHandler': [process.execPath, 'test/wire/servers/node-fetch.mjs'],
  'node, nodeListener': [process.execPath, 'test/wire/servers/node-direct.mjs'],
  bun: ['node_modules/.bin/bun', 'test/wire/servers/bun.mjs'],
  deno: ['node_modules/.bin/deno', ...deno, 'test/wire/servers/deno.mjs'],
}

const agent = new Agent({ keepAlive: true })
const place = mkdtempSync(join(tmpdir(), 'byteserve-'))
const mounter = compile()
console.log('in ms; a stall is measured from its first moment on')
for (const [name, command] of Object.entries(TARGETS)) await measure(name, command)
rmSync(place, { recursive: true })

async function measure(name, command) {
  const root = mkdtempSync(join(place, 'root-'))
  mkdirSync(join(root, 'net'))
  writeFileSync(join(root, 'local.txt'), 'local file')
  const mount = start([mounter, join(root, 'net')])
  await mount.line()
  const server = start([...command, root, '{}'])
  const port = Number(await server.line())
  for (const path of ['local.txt', 'net/slow.bin']) await ask(port, path)
  // What runs for the first time is compiled.
  await askFor(1, port)
  console.log(name.padEnd(20), 'quiet  ', summaryOf(await askFor(seconds, port)))
  mount.write('stall\n')
  await mount.line()
  const waiting = Array.from({ length: 8 }, () => ask(port, 'net/slow.bin'))
  const times = await askFor(seconds, port)
  const first = Math.max(...times.slice(0, 20))
  console.log(name.padEnd(20), 'stalled', summaryOf(times), `first 20 ${first.toFixed(1)}`)
  mount.write('go\n')
  await Promise.all(waiting)
  await mount.end()
  await server.end()
}

/** Asks for a local file, again and again; how long each took. */
async function askFor(seconds, port) {
  const times = []
  const end = performance.now() + 1000 * seconds
  while (performance.now() < end) {
    const began = performance.now()
    await ask(port, 'local.txt')
    times.push(performance.now() - began)
    if (times.length % 10 === 0) await delay(1)
  }
  return times
}

async function ask(port, path) {
  const asked = request({ port, path: `/${path}`, agent, headers: { range: 'bytes=0-4' } }).end()
  const [response] = await once(asked, 'response')
  if (response.statusCode !== 206) throw new Error(`${path}: ${response.statusCode}`)
  await once(response.resume(), 'end')
}

function summaryOf(times) {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1)
  return `${sorted.length} requests, median ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`
}

/** A program that says what it is ready for on stdout, and ends with its stdin. */
function start([command, ...args]) {
  const child = spawn(command, args, { cwd: project, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => (await lines.next()).value,
    write: (text) => child.stdin.write(text),
    async end() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

function compile() {
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' })
  const program = join(place, 'mount')
  const source = fileURLToPath(new URL('tools/mount.c', import.meta.url))
  execFileSync('cc', ['-O2', '-o', program, source, ...flags.trim().split(/\s+/)])
  return program
}
