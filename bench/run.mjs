// Measures byteserve and its peers, in one run: see README.md.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findFault, validators } from './check.mjs'
import { measureCore } from './core-runner.mjs'
import {
  cpuMicroseconds,
  descriptors,
  node,
  peakRss,
  resetPeak,
  rss,
  scratch,
  startLoad,
} from './proc.mjs'
import { coreTable, document, scenarioTable, stallTable, targetTable } from './report.mjs'
import { makeFiles, scenarios, toHead } from './scenarios.mjs'
import { servers as known, serversOf, versions } from './servers.mjs'

const HELP = `Measures byteserve and its peers: server CPU per request, in one run, interleaved.

  node bench/run.mjs [options]

  --scenario a,b   only these: ${scenarios.map(({ name }) => name).join(' ')} stall core
  --server a,b     only these: ${known.map(({ name }) => name).join(' ')}
  --against DIR    another checkout, built: its servers take part as old-fetch, old-direct, old-bun,
                   old-deno, old-worker
  --rounds N       rounds per scenario (5)
  --seconds N      of load per server and round (0.5)
  --quick          fewer scenarios, servers and rounds: under 4 minutes
  --write          write bench/results.md after every scenario, even if not all are measured
  --help

A complete run takes about 20 minutes on a quiet machine and writes bench/results.md.`

const { values: options } = parseArgs({
  options: {
    scenario: { type: 'string' },
    server: { type: 'string' },
    against: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(HELP)
  process.exit()
}

const QUICK_SCENARIOS = 'r64k,r1m,full8,small,n304,core'
const QUICK_SERVERS =
  'fetch,fetch-twin,direct,direct-twin,send,hono,nginx,nginx-copy,bun,bun-twin,bun-bare,deno,deno-twin,deno-exact,deno-naive'
/** Seconds of load before a scenario is measured. JavaScript takes the longest the first time. */
const WARM_UP = 1
const FIRST_WARM_UP = 3

const here = fileURLToPath(new URL('.', import.meta.url))
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5))
const seconds = Number(options.seconds ?? (options.quick ? 0.4 : 0.5))
const isWanted = selection(options.scenario ?? (options.quick ? QUICK_SCENARIOS : undefined), [
  ...scenarios.map(({ name }) => name),
  'stall',
  'core',
])
const servers = [...known, ...(options.against ? serversOf(resolve(options.against)) : [])]
const isInvited = selection(
  options.server ?? (options.quick ? QUICK_SERVERS : undefined),
  servers.map(({ name }) => name),
)
const isComplete = !options.quick && !options.scenario && !options.server

prepare()
const home = scratch('bench')
const dir = join(home, 'files')

async function main() {
  const started = Date.now()
  const loads = [loadavg()[0]]
  say(`files in ${dir}`)
  mkdirSync(dir)
  makeFiles(dir)
  const load = startLoad()
  const core = isWanted('core') ? measureCore() : null
  if (core !== null) console.log(`\n${coreTable(core)}`)
  const running = await startServers(servers.filter(({ name }) => isInvited(name)))
  const results = []
  for (const scenario of scenarios.filter(({ name }) => isWanted(name))) {
    if (!process.stderr.isTTY) console.error(`${scenario.name} …`)
    const warmUp = results.length === 0 ? FIRST_WARM_UP : WARM_UP
    const result = await measure(scenario, running, load, warmUp)
    results.push(result)
    console.log(`\n${scenarioTable(result)}`)
    // A run that is broken off leaves what it has.
    if (options.write) write(results, null, core, false)
  }
  for (const one of running) await one.stop()
  const stalls = isWanted('stall') ? await measureStalls(load) : null
  if (stalls !== null) console.log(`\n${stallTable(stalls)}`)
  await load.stop()
  console.log(`\n${targetTable(results, stalls, core)}`)
  if (isComplete || options.write) write(results, stalls, core, isComplete)
  console.log('\ndone')

  function write(results, stalls, core, isComplete) {
    const minutes = ((Date.now() - started) / 60_000).toFixed(1)
    const facts = { versions: versions(), rounds, seconds, minutes, isComplete }
    facts.loads = [...loads, loadavg()[0]]
    writeFileSync(join(here, 'results.md'), document(facts, results, stalls, core))
    console.log(`written to bench/results.md after ${minutes} minutes`)
  }
}

/** What is measured is what is built; the peers are installed once. */
function prepare() {
  const run = (cwd, ...args) => {
    const { status } = spawnSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) process.exit(status ?? 1)
  }
  if (!existsSync(node)) {
    say('installing the peers')
    run(here, 'ci', '--no-audit', '--no-fund')
  }
  run(join(here, '..'), 'run', '--silent', 'build')
}

async function startServers(wanted) {
  const running = []
  for (const server of wanted) {
    try {
      running.push({ ...server, ...(await server.start(dir)) })
    } catch (error) {
      console.log(`${server.name} is left out: ${error.message.split('\n')[0]}`)
    }
  }
  return running
}

/** @returns the job for each server that answers rightly, and what is wrong with the others */
async function check(scenario, running) {
  const entrants = []
  const faults = []
  for (const server of running) {
    if (scenario.for?.(server) === false) continue
    say(`${scenario.name}: checking ${server.name}`)
    const fault = await admit(scenario, server, entrants).catch((error) => error.message)
    if (fault !== null) faults.push({ server, fault })
  }
  return { entrants, faults }
}

async function admit(scenario, server, entrants) {
  const { end, connections, abortAfter } = scenario
  const given = await validators(server.port, 'small.mp4')
  const exchanges = scenario.exchanges(server.large ?? 'giga.mp4', given)
  if (exchanges === null) return 'no validators'
  for (const exchange of exchanges) {
    const fault = await checkOnce(server, exchange)
    if (fault !== null) return fault
  }
  const requests = exchanges.map(toHead)
  const isHead = exchanges.every(({ method }) => method === 'HEAD')
  const job = { port: server.port, requests, connections, end, abortAfter, isHead }
  entrants.push({ server, job, rounds: [] })
  return null
}

const checked = new Map()

/** Several scenarios ask for the same gigabyte. */
function checkOnce({ name, port }, exchange) {
  const key = name + toHead(exchange)
  if (!checked.has(key)) checked.set(key, findFault(port, exchange, dir))
  return checked.get(key)
}

async function measure(scenario, running, load, warmUp) {
  const { entrants, faults } = await check(scenario, running)
  for (const { server, job } of entrants) {
    say(`${scenario.name}: warming up ${server.name}`)
    await load.run({ ...job, seconds: warmUp })
    resetPeak(server.pid)
  }
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < entrants.length; i++) {
      const { server, job, rounds: measured } = entrants[(i + round) % entrants.length]
      say(`${scenario.name}: round ${round + 1} of ${rounds}, ${server.name}`)
      const before = cpuMicroseconds(server.pid)
      const result = await load.run({ ...job, seconds })
      const cpu = cpuMicroseconds(server.pid) - before
      const count = scenario.per === 'GB' ? result.bytes / 1e6 : result.requests
      // Kept from the core all round long by others, it did nothing that could be measured.
      measured.push({ ...result, cpu: cpu === 0 || count === 0 ? Number.NaN : cpu / count })
    }
  }
  for (const entrant of entrants) entrant.peak = peakRss(entrant.server.pid)
  return { scenario, entrants, faults }
}

const READERS = 500

/** Fresh processes: memory that an earlier scenario left behind would hide what a reader costs. */
async function measureStalls(load) {
  const lines = []
  for (const server of servers) {
    if (server.twin !== undefined || server.family === 'workers' || !isInvited(server.name))
      continue
    const [one] = await startServers([server])
    if (one === undefined) continue
    say(`stall: ${server.name}`)
    const { pid, port } = one
    const ask = (fields) => [`GET /giga.mp4 HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`]
    const few = ask('Range: bytes=0-65535\r\n')
    await load.run({ port, requests: few, connections: 32, seconds: WARM_UP, end: 'drain' })
    // Until byteserve has closed what nobody reads any more.
    await pause(2500)
    const idle = { rss: rss(pid), files: descriptors(pid), cpu: cpuMicroseconds(pid) }
    const many = ask('Range: bytes=0-\r\n')
    await load.run({ port, requests: many, connections: READERS, seconds: 11, end: 'stall' })
    const line = {
      server,
      idle: idle.rss,
      kib: (rss(pid) - idle.rss) / READERS,
      files: (descriptors(pid) - idle.files) / READERS - 1,
      cpu: cpuMicroseconds(pid) - idle.cpu,
    }
    await load.release()
    line.left = await leftOver(pid, idle.files)
    lines.push(line)
    await one.stop()
  }
  return lines
}

/** Descriptors that stay open after all clients hung up. */
async function leftOver(pid, before) {
  let left = descriptors(pid) - before
  for (let tries = 0; tries < 50 && left > 0; tries++) {
    await pause(100)
    left = descriptors(pid) - before
  }
  return left
}

function selection(list, known) {
  if (list === undefined) return () => true
  const names = list.split(',')
  for (const name of names) {
    if (known.includes(name)) continue
    console.error(`Expected one of ${known.join(' ')}, got ${name}`)
    process.exit(2)
  }
  return (name) => names.includes(name)
}

function say(what) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

await main()
process.exit()
