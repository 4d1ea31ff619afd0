// The load generator: a process of its own, which takes one job at a time over IPC. Raw sockets, as
// little work per response as possible: what it can't do is judge a body, so `check.mjs` does that.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { buffer, responseSkipper } from './responses.mjs'

/**
 * @typedef {object} Job
 * @property {number} port
 * @property {string[]} requests complete request heads, taken in turn by all connections
 * @property {number} connections
 * @property {number} seconds
 * @property {'drain' | 'cut' | 'abort' | 'stall'} end what becomes of a response under way at the
 * end: `drain` waits for it, `cut` breaks it off; `abort` breaks every response off after
 * `abortAfter` bytes and connects anew; `stall` reads nothing after the first bytes
 * @property {number} [abortAfter]
 * @property {boolean} [isHead] no response has a body
 */

process.on('message', (job) => {
  if (job === 'release') releaseStalled()
  else run(job).then((result) => process.send?.(result))
})
process.on('disconnect', () => process.exit())
// A Ctrl-C goes to the whole group; run.mjs decides when this one ends.
process.on('SIGINT', () => {})

/** @type {import('node:net').Socket[]} */
let stalled = []

function releaseStalled() {
  for (const socket of stalled) socket.resetAndDestroy()
  stalled = []
  process.send?.('released')
}

/** @param {Job} job */
async function run(job) {
  const tally = { bytes: 0, errors: 0, latencies: [], statuses: {} }
  const started = performance.now()
  const isOver = () => performance.now() >= started + job.seconds * 1000
  const sockets = new Set()
  let asked = 0
  const nextRequest = () => job.requests[asked++ % job.requests.length]
  const clients = Array.from({ length: job.connections }, connectUntilOver)
  if (job.end === 'drain' || job.end === 'abort') await Promise.all(clients)
  else await delay(job.seconds * 1000)
  const { latencies, ...counts } = tally
  const seconds = (performance.now() - started) / 1000
  if (job.end === 'stall') stalled.push(...sockets)
  else for (const socket of sockets) socket.destroy()
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.min(latencies.length - 1, (latencies.length * share) | 0)]
  return { requests: latencies.length, ...counts, seconds, p50: at(0.5), p99: at(0.99) }

  async function connectUntilOver() {
    while (!isOver()) {
      // A server may close a connection after a response, as after a 416: that is no failure.
      const isFailure = await useConnection()
      if (!isFailure) continue
      tally.errors++
      await delay(20)
    }
  }

  /** Asks again and again until time is up or the connection closes; true if that cut a response. */
  function useConnection() {
    return new Promise((resolve) => {
      let isIdle = true
      let sentAt = 0
      let received = 0
      const skip = responseSkipper(job.isHead, noteStatus, endResponse)
      const socket = connect({
        port: job.port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer, callback: onBytes },
      })
      sockets.add(socket)
      socket.on('connect', send)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        resolve(!isIdle)
      })

      function send() {
        isIdle = false
        received = 0
        sentAt = performance.now()
        socket.write(nextRequest(), 'latin1')
      }

      function onBytes(length) {
        tally.bytes += length
        received += length
        if (job.end === 'stall') return false
        if (job.end === 'abort' && received >= job.abortAfter) {
          noteEnd()
          socket.resetAndDestroy()
          return false
        }
        skip(length)
        return true
      }

      function endResponse() {
        noteEnd()
        if (isOver()) socket.destroy()
        else send()
      }

      function noteEnd() {
        isIdle = true
        tally.latencies.push(performance.now() - sentAt)
      }
    })
  }

  function noteStatus(status) {
    tally.statuses[status] = (tally.statuses[status] ?? 0) + 1
  }
}
