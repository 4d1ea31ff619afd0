// One way of opening files, behind byteserve's own writers: what `open.mjs` compares.
//   node open-server.mjs VARIANT direct|fetch DIR [SLOW_MS]
// SLOW_MS is what the metadata of files named slow* costs, as on a cold or remote disk.
import {
  close,
  closeSync,
  fstat,
  fstatSync,
  open,
  openSync,
  read,
  realpath,
  realpathSync,
  stat,
  statSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { serve } from '@hono/node-server'
import { nodeDirectory, nodeListener } from '../dist/adapters/node.js'
import { fileHandler } from '../dist/src/index.js'

const [, , variant, route, dir, slow = '0'] = process.argv
const slowMs = Number(slow)
const root = `${realpathSync.native(dir)}/`
const sleeper = new Int32Array(new SharedArrayBuffer(4))

const isSlow = (path) => slowMs > 0 && path.includes('/slow')
/** A synchronous call that waits for a disk keeps the whole process waiting. */
const waitSync = (path) => isSlow(path) && Atomics.wait(sleeper, 0, 0, slowMs)
/** An asynchronous one keeps one of four threads waiting. */
let busy = 0
const queue = []
function waitAsync(path, then) {
  if (!isSlow(path)) return then()
  if (busy === 4) return queue.push(() => waitAsync(path, then))
  busy++
  setTimeout(() => {
    busy--
    queue.shift()?.()
    then()
  }, slowMs)
}

const promised = (call) =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

/** The same source for every variant, so that they differ in opening and closing alone. */
function source(fd, size, mtimeMs, giveBack) {
  return {
    size,
    type: 'application/octet-stream',
    etag: `"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"`,
    lastModified: new Date(mtimeMs),
    async read(start, end, into = Buffer.allocUnsafeSlow(Math.min(end - start, 256 * 1024))) {
      const wanted = Math.min(end - start, into.length)
      const length = await promised((done) => read(fd, into, 0, wanted, start, done))
      const now = fstatSync(fd)
      if (now.size !== size || now.mtimeMs !== mtimeMs) throw new Error('changed')
      return into.subarray(0, length)
    },
    close: giveBack,
  }
}

function openContained(path) {
  waitSync(path)
  const fd = openSync(path)
  const opened = fstatSync(fd)
  const real = realpathSync.native(path)
  if (!real.startsWith(root) || statSync(real).ino !== opened.ino) throw new Error('outside')
  return { fd, opened }
}

async function openContainedAsync(path) {
  await new Promise((resolve) => waitAsync(path, resolve))
  const fd = await promised((done) => open(path, done))
  const opened = await promised((done) => fstat(fd, done))
  const real = await promised((done) => realpath.native(path, done))
  const there = await promised((done) => stat(real, done))
  if (!real.startsWith(root) || there.ino !== opened.ino) throw new Error('outside')
  return { fd, opened }
}

/** Open files by path: each looked for again after a second, given up when it is another one. */
const files = new Map()

function cached(path) {
  const now = performance.now()
  let file = files.get(path)
  if (file !== undefined && now - file.seen > 1000) {
    const { fd, opened } = openContained(path)
    if (opened.ino === file.ino && opened.mtimeMs === file.mtimeMs) {
      closeSync(fd)
      file.seen = now
    } else {
      release(file)
      closeSync(fd)
      file = undefined
    }
  }
  if (file === undefined) {
    const { fd, opened } = openContained(path)
    file = { fd, ino: opened.ino, mtimeMs: opened.mtimeMs, seen: now, users: 1 }
    files.set(path, file)
  }
  const { size, mtimeMs, nlink } = fstatSync(file.fd)
  if (nlink === 0) throw new Error('deleted')
  file.users++
  return source(file.fd, size, mtimeMs, () => release(file))
}

function release(file) {
  if (--file.users === 0) closeSync(file.fd)
}

const pathOf = (url) =>
  root + decodeURIComponent(new URL(url, 'http://localhost').pathname.slice(1))

const lookups = {
  sync({ url }) {
    const { fd, opened } = openContained(pathOf(url))
    return source(fd, opened.size, opened.mtimeMs, () => closeSync(fd))
  },
  /** Without the question whether the file lies inside the directory. */
  uncontained({ url }) {
    const path = pathOf(url)
    waitSync(path)
    const fd = openSync(path)
    const opened = fstatSync(fd)
    return source(fd, opened.size, opened.mtimeMs, () => closeSync(fd))
  },
  async async({ url }) {
    const { fd, opened } = await openContainedAsync(pathOf(url))
    const giveBack = () => promised((done) => close(fd, done))
    return source(fd, opened.size, opened.mtimeMs, giveBack)
  },
  cache: ({ url }) => cached(pathOf(url)),
  byteserve: nodeDirectory(dir),
}

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('SIGUSR2', () => {
  const ms = (ns) => (ns / 1e6).toFixed(1)
  console.log(`DELAY=${ms(delay.percentile(50))},${ms(delay.percentile(99))},${ms(delay.max)}`)
  delay.reset()
})

const lookup = lookups[variant.replace(/2$/, '')]
const ready = ({ port }) => console.log(`PORT=${port}`)
if (route === 'direct') {
  const server = createServer(nodeListener(lookup))
  server.listen(0, '127.0.0.1', () => ready(server.address()))
} else {
  serve({ fetch: fileHandler(lookup), port: 0, hostname: '127.0.0.1' }, ready)
}
