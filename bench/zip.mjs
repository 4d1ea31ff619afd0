/*
 * node bench/zip.mjs [GIB]: an archive of sparse files, 4.8 GiB in all by default, downloaded in
 * pieces that break off, then checked by unzip; and the first byte of one of 10 000 files.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const gib = Number(process.argv[2] ?? 4.8)
const MIB = 1024 * 1024
const ZEROS = Buffer.alloc(MIB)

const scratch = mkdtempSync(join(tmpdir(), 'byteserve-zip-'))
try {
  await measureDownload(join(scratch, 'films'), gib * 1024 * MIB)
  await measureFirstByte(join(scratch, 'small'), 10_000)
} finally {
  rmSync(scratch, { recursive: true })
}

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
  const path = join(scratch, 'download.zip')
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
  console.log(verdict.replace(scratch, ''))
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

async function measureFirstByte(folder, count) {
  mkdirSync(folder)
  for (let i = 0; i < count; i++) {
    writeFileSync(join(folder, `${i}.txt`), `${i}\n`.repeat(100))
    utimesSync(join(folder, `${i}.txt`), 1e9, 1e9)
  }
  const server = await start(folder)
  const times = []
  for (let i = 0; i < 6; i++) {
    const begun = performance.now()
    // The first time, all checksums are made: the end of an archive needs them.
    const response = await answerOf(
      server.port,
      '/?zip',
      i === 0 ? { range: 'bytes=-2000000' } : {},
    )
    await once(response, 'readable')
    times.push(performance.now() - begun)
    if (i === 0) for await (const _ of response);
    response.destroy()
  }
  const [cold, ...warm] = times.map(Math.round)
  console.log(`first byte of ${count} files: ${warm.join(', ')} ms; the end, cold: ${cold} ms`)
  server.stop()
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
