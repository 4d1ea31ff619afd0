// Figures as tables in Markdown, and as bars.
import { cpus, release, totalmem } from 'node:os'
import { median } from './statistics.mjs'
import { coreTargets, stallTargets, targets } from './targets.mjs'

const cpuOf = ({ rounds }) => rounds.map(({ cpu }) => cpu)
const typical = (entrant) => median(cpuOf(entrant))
const find = ({ entrants }, name) => entrants.find(({ server }) => server.name === name)

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function scenarioTable(result) {
  const { scenario, entrants, faults } = result
  const unit = scenario.per === 'GB' ? 'ms/GB' : 'µs'
  const own = ['fetch', 'direct', 'bun', 'deno', 'worker'].filter((name) => find(result, name))
  const most = Math.max(...entrants.map(typical))
  const rows = entrants.map((entrant) => {
    const { server, rounds, peak } = entrant
    const cpu = cpuOf(entrant)
    const measured = cpu.filter((value) => !Number.isNaN(value))
    const errors = rounds.reduce((total, round) => total + round.errors, 0)
    return [
      server.title + (errors > 0 ? ` (${errors} errors)` : ''),
      digits(median(cpu)),
      `${digits(Math.min(...measured))}–${digits(Math.max(...measured))}`,
      bar(median(cpu) / most),
      ...own.map((name) => ratio(find(result, name), entrant)),
      throughput(scenario, rounds),
      milliseconds(median(rounds.map(({ p99 }) => p99 ?? NaN))),
      digits(peak / 1024),
    ]
  })
  const speed = scenario.per === 'GB' ? 'GB/s' : 'req/s'
  const columns = own.map((name) => `÷ ${name}`)
  const head = ['server', `CPU ${unit}`, 'least–most', '', ...columns, speed, 'p99 ms', 'peak MiB']
  const left = faults.map(({ server, fault }) => `${server.name} (${fault})`)
  return [
    `### ${scenario.name}: ${scenario.title}, ${scenario.connections} connections\n`,
    table(head, rows),
    ...(left.length > 0 ? [`\nLeft out: ${left.join(', ')}.`] : []),
  ].join('\n')
}

function throughput({ per }, rounds) {
  if (per === 'GB') {
    return median(rounds.map(({ bytes, seconds }) => bytes / seconds / 1e9)).toFixed(2)
  }
  return Math.round(median(rounds.map(({ requests, seconds }) => requests / seconds)))
}

/** Round by round, since what disturbs a round disturbs all that are measured in it. */
function ratio(ours, peer) {
  return ours === peer ? '' : pairedRatio(ours, peer).toFixed(2)
}

function pairedRatio(ours, peer) {
  return median(ours.rounds.map(({ cpu }, i) => (peer.rounds[i]?.cpu ?? NaN) / cpu))
}

/** Against both twins together; and how far these two are apart, which is noise. */
function compareTo(result, name, peerName) {
  const [ours, twin, peer] = [name, `${name}-twin`, peerName].map((one) => find(result, one))
  if (ours === undefined || peer === undefined) return null
  const both = twin === undefined ? [ours] : [ours, twin]
  const factor = median(
    peer.rounds.map(
      ({ cpu }, i) => (cpu * both.length) / both.reduce((sum, one) => sum + one.rounds[i].cpu, 0),
    ),
  )
  const gap =
    twin === undefined
      ? null
      : Math.max(typical(ours) / typical(twin), typical(twin) / typical(ours))
  return { factor, gap }
}

export function targetTable(results, stalls, core) {
  const rows = targets.flatMap(({ ours, peer, scenario, factor }) => {
    const result = results.find((one) => one.scenario.name === scenario)
    const reached = result === undefined ? null : compareTo(result, ours, peer)
    if (reached === null) return []
    const gap = reached.gap === null ? '' : `${reached.gap.toFixed(2)}×`
    return [
      [
        `${ours}: ${scenario}`,
        `${factor}× ${peer}`,
        `${reached.factor.toFixed(2)}×`,
        gap,
        verdict(reached, factor),
      ],
    ]
  })
  for (const { server, kib, files } of stalls ?? []) {
    const target = stallTargets[server.name]
    if (target === undefined) continue
    // What the process itself opened meanwhile is not any reader's.
    const isMet = kib <= target.kib && Math.round(files) <= target.files
    rows.push([
      `${server.name}: stalled reader`,
      `≤ ${target.kib} KiB, ≤ ${target.files} file`,
      `${kib.toFixed(0)} KiB, ${files.toFixed(2)} files`,
      '',
      isMet ? 'met' : '**missed**',
    ])
  }
  for (const [name, most] of Object.entries(core === null ? {} : coreTargets)) {
    const ns = core.find((one) => one.name === name)?.node
    if (ns === undefined) continue
    rows.push([
      `core: ${name}`,
      `≤ ${most} ns`,
      `${digits(ns)} ns`,
      '',
      ns <= most ? 'met' : '**missed**',
    ])
  }
  return `## Targets\n\n${table(['what', 'at least', 'reached', 'gap of the twins', ''], rows)}`
}

function verdict({ factor, gap }, target) {
  if (factor >= target) return 'met'
  return gap !== null && factor * gap >= target ? 'within the gap' : '**missed**'
}

export function stallTable(lines) {
  const rows = lines.map(({ server, idle, kib, files, cpu, left }) => [
    server.title,
    digits(idle / 1024),
    kib.toFixed(1),
    bar(kib / Math.max(...lines.map((line) => line.kib))),
    files.toFixed(2),
    (cpu / 1e6).toFixed(2),
    left,
  ])
  const head = ['server', 'idle MiB', 'KiB each', '', 'files each', 'CPU s', 'descriptors left']
  return `### stall: 500 readers that stop reading, after 11 s\n\n${table(head, rows)}`
}

export function coreTable(core) {
  const rows = core.map(({ name, ...runtimes }) => [
    name,
    ...['node', 'bun', 'deno'].map((runtime) =>
      runtime in runtimes ? digits(runtimes[runtime]) : '',
    ),
  ])
  return `### core: ns per call\n\n${table(['', 'node', 'bun', 'deno'], rows)}`
}

export function document(facts, results, stalls, core) {
  const { versions, rounds, seconds, minutes, isComplete, loads } = facts
  const [{ model }] = cpus()
  const machine = `${cpus().length} × ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`
  const runtimes = Object.entries(versions).map((pair) => pair.join(' '))
  return `${[
    '# Results',
    `${new Date().toISOString().slice(0, 10)}, ${machine}; ${runtimes.join(', ')}.${isComplete ? '' : ' **Not a complete run.**'}`,
    `Server on core 0, load on core 1, loopback, files in the page cache. ${rounds} interleaved rounds of ${seconds} s after 1 s of warm-up (3 s before the first scenario), medians; ${minutes} minutes in all. Load average before and after: ${loads.map((load) => load.toFixed(1)).join(', ')}; on a quiet machine about 1 before and 2 after, and with more the figures are too high and the gaps wide.
Mode: every request looks at its path anew, so a replaced file is noticed at once, and each read is followed by an fstat.
*÷ x* is the CPU time of the row divided by that of x, the median of the rounds' own ratios: above 1, x takes less. A difference below that of the twins is none.`,
    targetTable(results, stalls, core),
    '## At a glance\n\nServer CPU, less is better.',
    plot(results),
    '## Scenarios',
    ...results.map(scenarioTable),
    ...(stalls === null ? [] : [stallTable(stalls)]),
    ...(core === null ? [] : [coreTable(core)]),
  ].join('\n\n')}\n`
}

function plot(results) {
  const wanted = ['r64k', 'r1m', 'full8', 'small']
  const charts = results
    .filter(({ scenario }) => wanted.includes(scenario.name))
    .map(({ scenario, entrants }) => {
      const most = Math.max(...entrants.map(typical))
      const lines = entrants
        .filter(({ server }) => server.twin === undefined && server.family !== 'workers')
        .sort((a, b) => typical(a) - typical(b))
        .map((entrant) => {
          const { server } = entrant
          const mark = server.ours ? '█' : '░'
          const length = Math.max(1, Math.round((typical(entrant) / most) * 48))
          return `  ${server.name.padEnd(11)} ${mark.repeat(length)} ${digits(typical(entrant))}`
        })
      const unit = scenario.per === 'GB' ? 'ms per GB' : 'µs per request'
      return [`${scenario.title}, ${unit}`, ...lines].join('\n')
    })
  return `\`\`\`\n${charts.join('\n\n')}\n\`\`\``
}

function bar(share) {
  return '▇'.repeat(Math.max(1, Math.round(share * 12)))
}

function digits(value) {
  return Number.isNaN(value) ? '–' : value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

function milliseconds(value) {
  return Number.isNaN(value) ? '–' : value.toFixed(1)
}
