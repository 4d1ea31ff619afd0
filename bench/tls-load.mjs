// The load generator over TLS: a process of its own, which takes one job at a time over IPC.
import { connect } from 'node:http2'
import { Agent, get } from 'node:https'
import { performance } from 'node:perf_hooks'

/**
 * @typedef {object} Job
 * @property {number} port
 * @property {'http1' | 'http2'} protocol
 * @property {number} streams at once: of one session, or as many connections
 * @property {string} file
 * @property {string[]} ranges taken in turn; '' for the whole file
 * @property {number} seconds
 */

const MIB = 1024 * 1024
/** As Chromium's: a window for each stream, and one for all of a session. */
const [STREAM_WINDOW, SESSION_WINDOW] = [6 * MIB, 15 * MIB]

process.on('message', (job) => run(job).then((result) => process.send?.(result)))
process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})

/** @param {Job} job */
async function run({ port, protocol, streams, file, ranges, seconds }) {
  const tally = { requests: 0, bytes: 0, errors: 0 }
  const { ask, close } = protocol === 'http2' ? await overHttp2(port) : overHttp1(port, streams)
  const end = performance.now() + seconds * 1000
  let asked = 0
  const client = async () => {
    while (performance.now() < end) {
      const range = ranges[asked++ % ranges.length]
      const length = await ask(`/${file}`, range === '' ? {} : { range }).catch(() => null)
      if (length === null) tally.errors++
      else tally.bytes += length
      tally.requests++
    }
  }
  await Promise.all(Array.from({ length: streams }, client))
  close()
  return tally
}

async function overHttp2(port) {
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: STREAM_WINDOW },
  })
  session.on('error', () => {})
  await new Promise((resolve) => session.once('remoteSettings', resolve))
  session.setLocalWindowSize(SESSION_WINDOW)
  const ask = (path, fields) => lengthOf(session.request({ ':path': path, ...fields }), 'response')
  return { ask, close: () => session.destroy() }
}

function overHttp1(port, connections) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false })
  const ask = (path, headers) =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', path, headers, agent }, (answer) => {
        lengthOf(answer).then(resolve, reject)
      }).on('error', reject)
    })
  return { ask, close: () => agent.destroy() }
}

function lengthOf(stream) {
  return new Promise((resolve, reject) => {
    let length = 0
    stream.on('data', (chunk) => {
      length += chunk.length
    })
    stream.on('end', () => resolve(length))
    stream.on('error', reject)
  })
}
