// What is measured: requests, what has to come back, and how.
import { closeSync, ftruncateSync, openSync, utimesSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const KIB = 1024
const MIB = KIB * KIB
const GIB = KIB * MIB
export const SIZES = {
  'small.mp4': 4 * KIB,
  'mega.mp4': 16 * MIB,
  'giga.mp4': GIB,
  'sparse1m.mp4': MIB,
  'sparse1t.mp4': 1024 * GIB,
}

/**
 * Every 8 bytes say where they are, so that a wrong offset shows. The sparse files hold that only
 * where ranges are asked for.
 */
export function makeFiles(dir) {
  const block = Buffer.alloc(MIB)
  const yesterday = Date.now() / 1000 - 86_400
  const fill = (fd, at, length) => {
    for (let i = 0; i < length; i += 8) block.writeDoubleLE(at + i + 1, i)
    writeSync(fd, block, 0, length, at)
  }
  for (const [name, size] of Object.entries(SIZES)) {
    const fd = openSync(join(dir, name), 'w')
    ftruncateSync(fd, size)
    if (name.startsWith('sparse')) {
      for (const [start, end] of spots(size, 64 * KIB, 16)) fill(fd, start, end - start)
    } else {
      for (let at = 0; at < size; at += MIB) fill(fd, at, Math.min(MIB, size - at))
    }
    closeSync(fd)
    utimesSync(join(dir, name), yesterday, yesterday)
  }
}

/** Always the same places, in no order, all over the file. */
function spots(size, length, count) {
  const places = size / length
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor(((i * 0.618033988749895) % 1) * places) * length
    return [start, start + length]
  })
}

/**
 * @typedef {object} Exchange
 * @property {string} method
 * @property {string} file
 * @property {Record<string, string>} [fields]
 * @property {number} status
 * @property {[number, number][]} body what of the file comes back; several: as multipart
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} title
 * @property {number} connections
 * @property {'drain' | 'cut' | 'abort'} end
 * @property {number} [abortAfter]
 * @property {'request' | 'GB'} per what the CPU time is divided by
 * @property {(server: import('./servers.mjs').Server) => boolean} [for]
 * @property {(large: string, validators: Validators) => Exchange[] | null} exchanges null: it has
 * no such thing
 *
 * @typedef {{ etag: string | null, lastModified: string | null }} Validators
 */

const byRanges = (count, length) => (large) =>
  spots(SIZES[large], length, count).map((range) => part(large, range))

/** @type {Scenario[]} */
export const scenarios = [
  {
    name: 'r64k',
    title: '64 KiB ranges of 1 GiB',
    connections: 32,
    end: 'drain',
    per: 'request',
    exchanges: byRanges(64, 64 * KIB),
  },
  {
    name: 'r1m',
    title: '1 MiB ranges of 1 GiB',
    connections: 16,
    end: 'drain',
    per: 'request',
    exchanges: byRanges(32, MIB),
  },
  {
    name: 'full1',
    title: 'full download of 1 GiB, 1 connection',
    connections: 1,
    end: 'cut',
    per: 'GB',
    exchanges: (large) => [whole(large)],
  },
  {
    name: 'full8',
    title: 'full download of 1 GiB, 8 connections',
    connections: 8,
    end: 'cut',
    per: 'GB',
    exchanges: (large) => [whole(large)],
  },
  {
    name: 'small',
    title: '4 KiB file',
    connections: 32,
    end: 'drain',
    per: 'request',
    exchanges: () => [whole('small.mp4')],
  },
  {
    name: 'n304',
    title: '304',
    connections: 32,
    end: 'drain',
    per: 'request',
    for: hasFiles,
    exchanges: (_, validators) => notModified(validators),
  },
  {
    name: 'r416',
    title: '416',
    connections: 32,
    end: 'drain',
    per: 'request',
    for: hasFiles,
    exchanges: () => [
      {
        method: 'GET',
        file: 'small.mp4',
        fields: { Range: `bytes=${GIB}-` },
        status: 416,
        body: [],
      },
    ],
  },
  {
    name: 'head',
    title: 'HEAD',
    connections: 32,
    end: 'drain',
    per: 'request',
    for: hasFiles,
    exchanges: () => [{ method: 'HEAD', file: 'small.mp4', status: 200, body: [] }],
  },
  {
    name: 'multi',
    title: 'multipart, 8 × 64 KiB',
    connections: 16,
    end: 'drain',
    per: 'request',
    for: hasFiles,
    exchanges: (large) => [multipart(large, spots(SIZES[large], 64 * KIB, 8))],
  },
  {
    name: 'abort',
    title: 'hang-up after 1 MiB of 1 GiB',
    connections: 8,
    end: 'abort',
    abortAfter: MIB,
    per: 'request',
    for: hasFiles,
    exchanges: (large) => [whole(large)],
  },
  {
    name: 'sparse1m',
    title: '64 KiB ranges of 1 MiB, sparse',
    connections: 32,
    end: 'drain',
    per: 'request',
    for: isOurs,
    exchanges: () => byRanges(16, 64 * KIB)('sparse1m.mp4'),
  },
  {
    name: 'sparse1t',
    title: '64 KiB ranges of 1 TiB, sparse',
    connections: 32,
    end: 'drain',
    per: 'request',
    for: isOurs,
    exchanges: () => byRanges(16, 64 * KIB)('sparse1t.mp4'),
  },
]

/** The store that miniflare simulates is slow, and says little about its real counterpart. */
function hasFiles({ family }) {
  return family !== 'workers'
}

function isOurs({ ours, family }) {
  return ours === true && family !== 'workers'
}

function whole(file) {
  return { method: 'GET', file, status: 200, body: [[0, SIZES[file]]] }
}

function part(file, [start, end]) {
  const fields = { Range: `bytes=${start}-${end - 1}` }
  return { method: 'GET', file, fields, status: 206, body: [[start, end]] }
}

function multipart(file, ranges) {
  const fields = {
    Range: `bytes=${ranges.map(([start, end]) => `${start}-${end - 1}`).join(', ')}`,
  }
  return { method: 'GET', file, fields, status: 206, body: ranges }
}

function notModified({ etag, lastModified }) {
  if (etag === null && lastModified === null) return null
  const fields = etag !== null ? { 'If-None-Match': etag } : { 'If-Modified-Since': lastModified }
  return [{ method: 'GET', file: 'small.mp4', fields, status: 304, body: [] }]
}

/** As it is sent. */
export function toHead({ method, file, fields = {} }) {
  const lines = Object.entries({ Host: 'localhost', ...fields }).map((field) => field.join(': '))
  return [`${method} /${file} HTTP/1.1`, ...lines, '', ''].join('\r\n')
}
