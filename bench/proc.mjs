// What the kernel knows of a process: CPU time, memory, descriptors; and processes on one core.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism, constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const node = fileURLToPath(new URL('./node_modules/node/bin/node', import.meta.url))

const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100
const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()

/** A directory that is gone, with all that was started, once this run ends or is broken off. */
export function scratch(name) {
  const directory = mkdtempSync(join(tmpdir(), `byteserve-${name}-`))
  process.once('exit', () => {
    for (const child of children) processTree(child.pid).forEach(kill)
    rmSync(directory, { recursive: true, force: true })
  })
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
  return directory
}

/** Starts a process, on one core where that is possible. It ends when this one does. */
export function start(core, command, args, options = {}) {
  const pinned = canPin ? ['taskset', '-c', String(core), command, ...args] : [command, ...args]
  const child = spawn(pinned[0], pinned.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc ? ['ipc'] : [])],
    cwd: options.cwd,
    env: { ...process.env, NODE_ENV: 'production', ...options.env },
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const tree = processTree(child.pid)
  child.kill('SIGTERM')
  const timer = setTimeout(() => tree.forEach(kill), 2000)
  await exited
  clearTimeout(timer)
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

export function processTree(pid) {
  const tree = [pid]
  for (const parent of tree) {
    try {
      for (const thread of readdirSync(`/proc/${parent}/task`)) {
        const line = readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8').trim()
        if (line !== '') tree.push(...line.split(' ').map(Number))
      }
    } catch {
      // It ended meanwhile.
    }
  }
  return tree
}

/** CPU time of a process, all its threads and all that it started, in µs. */
export function cpuMicroseconds(pid) {
  return sum(pid, (one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS
  })
}

/** Memory in use, in KiB. */
export function rss(pid) {
  return sum(pid, (one) => statusField(one, 'VmRSS'))
}

/** The most memory that was in use since the last `resetPeak`, in KiB. */
export function peakRss(pid) {
  return sum(pid, (one) => statusField(one, 'VmHWM'))
}

export function descriptors(pid) {
  return sum(pid, (one) => readdirSync(`/proc/${one}/fd`).length)
}

function statusField(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
}

function sum(pid, measure) {
  let total = 0
  for (const one of processTree(pid)) {
    try {
      total += measure(one)
    } catch {
      // It ended meanwhile.
    }
  }
  return total
}

/** The load generator, on the core that no server has. */
export function startLoad() {
  const script = fileURLToPath(new URL('./load.mjs', import.meta.url))
  const child = start(1, node, [script], { ipc: true })
  child.stderr.pipe(process.stderr)
  let settle = { resolve() {}, reject() {} }
  child.on('message', (message) => settle.resolve(message))
  child.once('exit', () => settle.reject(new Error('the load generator ended')))
  const ask = (message) =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject }
      child.send(message)
    })
  return { run: ask, release: () => ask('release'), stop: () => stop(child) }
}

/**
 * Starts a server and waits until it listens: for the line `PORT=12345`, for a URL, or on a port that
 * was told.
 *
 * @typedef {{ pid: number, port: number, stop: () => Promise<void> }} Running
 * @returns {Promise<Running>}
 */
export async function startServer(command, args, options = {}) {
  const child = start(0, command, args, options)
  let output = ''
  const port = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}: ${output.trim().slice(-500)}`))
    const timer = setTimeout(fail, 30_000, 'does not listen within 30 s')
    let isListening = false
    const settle = (found) => {
      clearTimeout(timer)
      isListening = true
      resolve(found)
    }
    const onData = (data) => {
      // A log is read, but not kept.
      if (isListening) return
      output += data
      const match = /(?:PORT=|http:\/\/127\.0\.0\.1:)(\d+)/.exec(output)
      if (match !== null) settle(Number(match[1]))
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('exit', (code) => fail(`ended with ${code}`))
    child.once('error', reject)
    if (options.port) untilListening(options.port).then(() => settle(options.port))
  })
  return { port, pid: child.pid, stop: () => stop(child) }
}

async function untilListening(port) {
  for (let tries = 0; tries < 300; tries++) {
    const isListening = await new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isListening) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Makes `peakRss` begin again. */
export function resetPeak(pid) {
  for (const one of processTree(pid)) {
    try {
      writeFileSync(`/proc/${one}/clear_refs`, '5')
    } catch {
      // Then the peak is that of the whole run.
    }
  }
}
