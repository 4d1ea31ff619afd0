/*
 * node bench/zip.mjs [GIB] [COUNT]: an archive of sparse files, 4.8 GiB in all by default, downloaded
 * in pieces that break off, then checked by unzip; and on each runtime, the first byte of one of many
 * files, 10 000 by default.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { scratch } from './proc.mjs'

const gib = Number(process.argv[2] ?? 4.8)
const MIB = 1024 * 1024
const ZEROS = Buffer.alloc(MIB)

const home = scratch('zip')
await measureDownload(join(home, 'films'), gib * 1024 * MIB)
await measureFirstBytes(join(home, 'small'), Number(process.argv[3] ?? 10_000))

async function measureDownload(folder, total) {
  mkdirSync(folder)
  // One of them takes ZIP64, as does all that is behind it.
  for (const [i, share] of [0.03, 0.9, 0.05, 0.02].entries()) {
    const path = join(folder, `film ${i}.mp4`)
    writeFileSync(path, `begins ${i}`)
    truncateSync(path, Math.floor(total * share))
    // A file that was just written has a weak tag, and no download resumes with that.
    utimesSync(path, 1e9, 1e9)
  }
  const server = await start(folder)
  const path = join(home, 'download.zip')
  const begun = performance.now()
  const { size, requests } = await download(server.port, path)
  const seconds = (performance.now() - begun) / 1000
  const peak = await memoryOf(server.port)
  server.stop()
  const verdict = execFileSync('unzip', ['-tq', path], { encoding: 'utf8' }).trim()
  console.log(
    `${(size / 1024 / MIB).toFixed(2)} GiB in ${requests} requests that broke off and ` +
      `${seconds.toFixed(0)} s, checksums included; peak RSS ${(peak / MIB).toFixed(0)} MiB`,
  )
  console.log(verdict.replace(home, ''))
}

/** Downloads to a sparse file: zeros are left out. */
async function download(port, path) {
  const file = openSync(path, 'w')
  let [at, size, requests, etag] = [0, Infinity, 0, undefined]
  while (at < size) {
    requests++
    const headers = { range: `bytes=${at}-`, ...(etag && { 'if-range': etag }) }
    const response = await answerOf(port, '/?zip', headers)
    if (response.statusCode !== 206) throw new Error(`Expected 206, got ${response.statusCode}`)
    etag = response.headers.etag
    size = Number(response.headers['content-range'].split('/')[1])
    const cut = at + Math.floor((0.02 + Math.random() * 0.2) * size)
    for await (const chunk of response) {
      if (!ZEROS.subarray(0, chunk.length).equals(chunk))
        writeSync(file, chunk, 0, chunk.length, at)
      at += chunk.length
      if (at > cut) break
    }
    response.destroy()
  }
  ftruncateSync(file, size)
  closeSync(file)
  return { size, requests }
}

async function measureFirstBytes(folder, count) {
  mkdirSync(folder)
  for (let i = 0; i < count; i++) {
    writeFileSync(join(folder, `${i}.txt`), `${i}\n`.repeat(100))
    utimesSync(join(folder, `${i}.txt`), 1e9, 1e9)
  }
  const runtimes = ['node', 'bun', 'deno']
  for (const runtime of runtimes) await measureFirstByte(runtime, folder, count)
}

/** With no checksum known, and with all of them; beside reading the names and times only. */
async function measureFirstByte(runtime, folder, count) {
  const server = await startCommand(runtime, folder)
  const timeOf = async (path, headers) => {
    const begun = performance.now()
    const response = await answerOf(server.port, path, headers)
    await once(response, 'readable')
    const time = performance.now() - begun
    response.destroy()
    return Math.round(time)
  }
  const listing = await timeOf('/?format=json')
  const cold = await timeOf('/?zip')
  // The end of an archive has all checksums.
  const end = await timeOf('/?zip', { range: 'bytes=-1000000' })
  const warm = [await timeOf('/?zip'), await timeOf('/?zip'), await timeOf('/?zip')]
  const together = performance.now()
  await Promise.all(Array.from({ length: 8 }, () => timeOf('/?zip')))
  console.log(
    `${runtime}: first byte of ${count} files: cold ${cold} ms, warm ${warm.join(', ')} ms, of 8 at once ` +
      `${Math.round(performance.now() - together)} ms; of the listing ${listing} ms; the end, cold ${end} ms`,
  )
  server.stop()
}

async function startCommand(runtime, folder) {
  const bin = join(import.meta.dirname, '../node_modules/.bin', runtime)
  const command = [join(import.meta.dirname, '../dist/command/byteserve.js'), folder]
  const options = ['--port', '0', '--log', 'off', '--listing']
  const programs = { node: [process.execPath], bun: [bin], deno: [bin, 'run', '-A'] }
  const [program, ...args] = [...programs[runtime], ...command, ...options]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  return { port: Number(new URL(String(line).split('\n')[0]).port), stop: () => child.kill() }
}

async function start(folder) {
  const program = join(import.meta.dirname, 'zip-server.mjs')
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout, 'data')
  return { port: Number(port), stop: () => child.kill() }
}

async function answerOf(port, path, headers = {}) {
  const [response] = await once(get({ host: '127.0.0.1', port, path, headers }), 'response')
  return response
}

async function memoryOf(port) {
  const response = await answerOf(port, '/memory')
  let text = ''
  for await (const chunk of response) text += chunk
  return Number(text)
}
