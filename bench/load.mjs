// The load generator: a process of its own, which takes one job at a time over IPC. Raw sockets, as
// little work per response as possible: what it can't do is judge a body, so `check.mjs` does that.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'

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

/** Bodies are dropped, so all connections read into the same memory. */
const buffer = Buffer.allocUnsafeSlow(256 * 1024)

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
function run(job) {
  const latencies = []
  const statuses = {}
  const totals = { bytes: 0, errors: 0, next: 0 }
  const started = performance.now()
  const deadline = started + job.seconds * 1000
  return new Promise((resolve) => {
    let open = job.connections
    const sockets = new Set()

    const finish = () => {
      const seconds = (performance.now() - started) / 1000
      latencies.sort((a, b) => a - b)
      const at = (share) =>
        latencies[Math.min(latencies.length - 1, (latencies.length * share) | 0)]
      const { bytes, errors } = totals
      const requests = latencies.length
      resolve({ requests, bytes, errors, seconds, statuses, p50: at(0.5), p99: at(0.99) })
    }
    const leave = () => {
      if (--open === 0) finish()
    }
    for (let i = 0; i < job.connections; i++) start(i)
    if (job.end === 'cut' || job.end === 'stall') {
      setTimeout(() => {
        open = 0
        if (job.end === 'stall') stalled.push(...sockets)
        else for (const socket of sockets) socket.destroy()
        finish()
      }, job.seconds * 1000)
    }

    function start() {
      const requests = job.requests
      let head = ''
      let left = 0
      let chunks = null
      let sentAt = 0
      let received = 0
      let isIdle = true
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
        if (open === 0) return
        if (!isIdle) totals.errors++
        // A server may close a connection after a response, as after a 416: that is no failure.
        if (performance.now() < deadline) setTimeout(start, isIdle ? 0 : 20)
        else leave()
      })

      function send() {
        isIdle = false
        received = 0
        sentAt = performance.now()
        socket.write(requests[totals.next++ % requests.length], 'latin1')
      }

      function done() {
        const now = performance.now()
        latencies.push(now - sentAt)
        isIdle = true
        if (now < deadline) return send()
        open--
        sockets.delete(socket)
        socket.removeAllListeners('close')
        socket.destroy()
        if (open === 0) finish()
      }

      function onBytes(length) {
        totals.bytes += length
        received += length
        if (job.end === 'stall') return false
        if (job.end === 'abort' && received >= job.abortAfter) {
          latencies.push(performance.now() - sentAt)
          isIdle = true
          socket.resetAndDestroy()
          return false
        }
        let at = 0
        while (at < length) {
          if (chunks !== null) {
            at = chunks.take(at, length)
            if (chunks.isOver) {
              chunks = null
              done()
            }
          } else if (left > 0) {
            const taken = Math.min(left, length - at)
            left -= taken
            at += taken
            if (left === 0) done()
          } else {
            at = takeHead(at, length)
          }
        }
        return true
      }

      function takeHead(at, length) {
        const before = head.length
        head += buffer.latin1Slice(at, Math.min(length, at + 4096))
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return Math.min(length, at + 4096)
        const status = head.slice(9, 12)
        statuses[status] = (statuses[status] ?? 0) + 1
        const lengthAt = head.search(/\r\ncontent-length:/i)
        const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head.slice(0, end + 2))
        const next = at + end + 4 - before
        const hasBody = status !== '304' && !job.isHead
        left =
          hasBody && lengthAt >= 0 && lengthAt < end ? parseInt(head.slice(lengthAt + 17), 10) : 0
        head = ''
        if (hasBody && isChunked) chunks = chunkReader()
        else if (left === 0) done()
        return next
      }
    }
  })
}

/** Skips a chunked body (RFC 9112 §7.1). */
function chunkReader() {
  let size = ''
  let left = 0
  let isSize = true
  let isLast = false
  return {
    isOver: false,
    take(at, length) {
      while (at < length) {
        if (!isSize) {
          const taken = Math.min(left, length - at)
          left -= taken
          at += taken
          if (left > 0) return at
          isSize = true
          if (isLast) {
            this.isOver = true
            return at
          }
          continue
        }
        const char = String.fromCharCode(buffer[at++])
        if (char !== '\n') {
          size += char
          continue
        }
        const bytes = parseInt(size, 16)
        size = ''
        isSize = false
        isLast = bytes === 0
        left = bytes + 2
      }
      return at
    },
  }
}
