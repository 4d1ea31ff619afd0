// One worker of the command against several, with their log, on all cores, and the load on the same:
// requests per second and CPU, as ratios of one run. It takes about a minute for each runtime.
import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { validators } from './check.mjs'
import { cpuMicroseconds, node, scratch, start, stop } from './proc.mjs'
import { makeFiles, scenarios, toHead } from './scenarios.mjs'
import { bun, deno } from './servers.mjs'
import { median } from './statistics.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.7' },
    workers: { type: 'string', default: String(availableParallelism()) },
    runtime: { type: 'string', default: 'node,bun,deno' },
    scenario: { type: 'string', default: 'r64k,r1m,small,n304' },
  },
})

const ALL_CORES = `0-${availableParallelism() - 1}`
const command = fileURLToPath(new URL('../dist/command/byteserve.js', import.meta.url))
const runtimes = {
  node: [node, command],
  bun: [bun, command],
  deno: [deno, 'run', '-A', '--unstable-net', '--no-lock', '--cached-only', command],
}

const home = scratch('workers')
const dir = join(home, 'files')
mkdirSync(dir)
makeFiles(dir)

// As many as there are workers: one would be the limit.
const loads = Array.from({ length: Number(options.workers) }, startLoad)
for (const runtime of options.runtime.split(',')) {
  const servers = await Promise.all(['1', options.workers].map((count) => serve(runtime, count)))
  for (const name of options.scenario.split(',')) await compare(runtime, name, servers)
  await Promise.all(servers.map(({ child }) => stop(child)))
}
process.exit()

async function compare(runtime, name, servers) {
  const scenario = scenarios.find((one) => one.name === name)
  const runs = []
  for (const server of servers) {
    const exchanges = scenario.exchanges('giga.mp4', await validators(server.port, 'small.mp4'))
    const job = {
      port: server.port,
      requests: exchanges.map(toHead),
      connections: Math.ceil(scenario.connections / loads.length),
      end: scenario.end,
    }
    await ask({ ...job, seconds: 1.5 })
    runs.push({ server, job, rates: [], costs: [], tails: [] })
  }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const run of round % 2 === 0 ? runs : runs.toReversed()) {
      const before = cpuMicroseconds(run.server.child.pid)
      const { rate, requests, p99 } = await ask({ ...run.job, seconds: Number(options.seconds) })
      run.rates.push(rate)
      run.costs.push((cpuMicroseconds(run.server.child.pid) - before) / requests)
      run.tails.push(p99)
    }
  }
  const [one, many] = runs
  const ratio = (key) => median(many[key].map((value, at) => value / one[key][at])).toFixed(2)
  console.log(
    `${runtime}, ${scenario.title}: ${median(one.rates).toFixed(0)} requests/s with one worker; ` +
      `with ${options.workers} ${ratio('rates')} times as many, CPU ${ratio('costs')}, ` +
      `p99 ${ratio('tails')}`,
  )
}

async function serve(runtime, count) {
  const [program, ...args] = runtimes[runtime]
  const child = start(ALL_CORES, program, [...args, dir, '--port', '0', '--workers', count])
  // The log is read, and dropped.
  child.stderr.resume()
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${runtime} ended with ${code}`)))
    child.stdout.on('data', (data) => resolve(Number(/:(\d+)\//.exec(data)?.[1])))
  })
  return { child, port }
}

function startLoad() {
  const script = fileURLToPath(new URL('./load.mjs', import.meta.url))
  return start(ALL_CORES, node, [script], { ipc: true })
}

/** The same of all who make load, together. */
async function ask(job) {
  const results = await Promise.all(
    loads.map((load) => {
      load.send(job)
      return new Promise((resolve) => load.once('message', resolve))
    }),
  )
  const sum = (of) => results.reduce((total, result) => total + of(result), 0)
  return {
    rate: sum(({ requests, seconds }) => requests / seconds),
    requests: sum(({ requests }) => requests),
    p99: Math.max(...results.map(({ p99 }) => p99)),
  }
}
