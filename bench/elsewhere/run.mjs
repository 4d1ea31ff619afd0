// What byteserve adds to a plain `fetch` of another server, on each runtime, in one run:
//   npm run build && node bench/elsewhere/run.mjs
// All are asked in turn, over one connection each.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const children = []

const RUNTIMES = {
  node: [process.execPath],
  bun: [`${modules}.bin/bun`],
  deno: [`${modules}.bin/deno`, 'run', '--allow-all', '--cached-only', '--no-lock'],
}
const ROUNDS = Number(process.env.ROUNDS ?? 300)
/** Requests for small ranges before: JavaScript is slow until it was compiled. */
const WARM_UP = 1500
/** The plain fetch is measured twice: what its two figures differ by is noise. */
const WAYS = ['bare', 'ours', 'twin']

async function start([command, ...flags], ...args) {
  const child = spawn(command, [...flags, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return Number(line)
}

async function startWorker(upstream) {
  const { outputFiles } = await build({
    entryPoints: [here('worker.mjs')],
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd'],
  })
  const miniflare = new Miniflare({
    modules: true,
    script: outputFiles[0].text,
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    port: 0,
    bindings: { UPSTREAM: upstream },
  })
  children.push({ kill: () => miniflare.dispose() })
  return Number((await miniflare.ready).port)
}

/** Ms to the first byte of the body, and to the last. */
function time(port, path, headers) {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    let first
    let received = 0
    const request = get({ port, path, headers, agent, host: '127.0.0.1' }, (incoming) => {
      incoming.on('data', (chunk) => {
        first ??= performance.now() - begun
        received += chunk.length
      })
      incoming.on('end', () => resolve({ first, last: performance.now() - begun, received }))
    })
    request.on('error', reject)
  })
}

const leastTenth = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 10)]

/** Asks in turn. Of the times the least tenth, since other work on the machine only adds to them. */
async function compare(port, size, headers, expected) {
  const times = { bare: [], ours: [], twin: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of round % 2 ? WAYS : WAYS.toReversed()) {
      const path = `/${way === 'ours' ? 'ours' : 'bare'}/${size}`
      const { last, received } = await time(port, path, headers)
      if (received !== expected) throw new Error(`Expected ${expected} bytes, got ${received}`)
      times[way].push(last)
    }
  }
  return Object.fromEntries(WAYS.map((way) => [way, leastTenth(times[way])]))
}

const upstream = `http://127.0.0.1:${await start([process.execPath], here('upstream.mjs'))}/`
const chosen = process.argv.slice(2)
for (const name of [...Object.keys(RUNTIMES), 'workerd']) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const port =
    name === 'workerd'
      ? await startWorker(upstream)
      : await start(RUNTIMES[name], here('server.mjs'), upstream)
  for (let i = 0; i < WARM_UP; i++) {
    for (const way of ['bare', 'ours'])
      await time(port, `/${way}/${1 << 20}`, { range: 'bytes=5-9' })
  }
  const small = await compare(port, 1 << 20, { range: 'bytes=5-1004' }, 1000)
  const part = await compare(port, 1 << 20, { range: 'bytes=0-1048575' }, 1 << 20)
  const large = await compare(port, 1 << 23, { range: 'bytes=0-8388607' }, 1 << 23)
  const ratios = ({ bare, ours, twin }) => {
    return `${(bare / ours).toFixed(2)} (twin ${(bare / twin).toFixed(2)})`
  }
  console.log(
    `${name}: a range of 1000 bytes takes ${(small.ours - small.bare).toFixed(2)} ms more than ` +
      `${small.bare.toFixed(2)} ms; throughput at 1 MiB ${ratios(part)}, at 8 MiB ${ratios(large)} of bare fetch`,
  )
}
for (const child of children) child.kill()
agent.destroy()
