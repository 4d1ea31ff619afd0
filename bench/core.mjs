// The pure core, ns per call: run by node, bun and deno alike, prints JSON.
import { answer } from '../dist/src/answer.js'
import { decide } from '../dist/src/decide.js'
import { fileHandler } from '../dist/src/index.js'
import { parseRange, resolveRange } from '../dist/src/range.js'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const MIB = 2 ** 20
const TIB = 2 ** 40

function source(size) {
  return {
    size,
    type: 'video/mp4',
    etag: '"40000000-19a8f1d2c00"',
    lastModified: new Date(NOW - 86_400_000),
    read: (start, end) => bytes.subarray(0, end - start),
  }
}

const bytes = new Uint8Array(65_536)

function request(fields) {
  const headers = new Map(Object.entries(fields))
  return {
    method: 'GET',
    url: '/film.mp4',
    headers: { get: (name) => headers.get(name) ?? null },
  }
}

const one = 'bytes=123456-189000'
const many = `bytes=${Array.from({ length: 2000 }, (_, i) => `${i * 10}-${i * 10 + 4}`).join(', ')}`
const eight = `bytes=${Array.from({ length: 8 }, (_, i) => `${i * 100_000}-${i * 100_000 + 65_535}`).join(', ')}`
const [small, large] = [source(MIB), source(TIB)]
const ranged = request({ range: one })
const fresh = request({ 'if-none-match': '"40000000-19a8f1d2c00"' })
const since = request({ 'if-modified-since': new Date(NOW - 86_400_000).toUTCString() })
const resumed = request({ range: one, 'if-range': '"40000000-19a8f1d2c00"' })
const hostile = request({ range: many })
const parts = request({ range: eight })
const handler = fileHandler(() => large)
const fetched = new Request('http://localhost/film.mp4', { headers: { range: 'bytes=0-65535' } })

const runs = {
  'parseRange a-b': () => parseRange(one),
  'parse and resolve a-b': () => resolveRange(parseRange(one)[0], TIB),
  'decide: 206': () => decide(ranged, large, NOW),
  'answer: 206, whole header object': () => answer(ranged, large, NOW),
  'answer: 206 of 1 MiB': () => answer(ranged, small, NOW),
  'answer: 206 of 1 TiB': () => answer(ranged, large, NOW),
  'answer: 206 with If-Range': () => answer(resumed, large, NOW),
  'answer: 304 by entity tag': () => answer(fresh, large, NOW),
  'answer: 304 by date': () => answer(since, large, NOW),
  'answer: 8 parts': () => answer(parts, large, NOW),
  'parseRange, 2000 ranges': () => parseRange(many),
  'answer, 2000 ranges': () => answer(hostile, large, NOW),
}

// The first file is one beyond 2 GiB: see README.md, "The core's two speeds".
for (let i = 0; i < 10; i++) resolveRange({ firstPos: TIB, lastPos: Infinity }, 2 * TIB)
for (const run of Object.values(runs)) warmUp(run)
const results = {}
for (const [name, run] of Object.entries(runs)) results[name] = time(run)
results['fileHandler: 64 KiB, native Response'] = await timeAsync(() => handler(fetched))
console.log(JSON.stringify(results))

/** The compilers of all three runtimes have their say before anything is timed. */
function warmUp(run) {
  for (const started = performance.now(); performance.now() - started < 150; ) run()
}

/** The best of many short batches: what disturbs only ever adds. */
function time(run) {
  let kept = 0
  const batch = (count) => {
    const started = performance.now()
    for (let i = 0; i < count; i++) kept += run() === null ? 1 : 0
    return performance.now() - started
  }
  let count = 16
  while (batch(count) < 1) count *= 2
  let best = Infinity
  for (let i = 0; i < 200; i++) best = Math.min(best, batch(count))
  if (kept < 0) throw new Error('never')
  return (best * 1e6) / count
}

async function timeAsync(run) {
  let best = Infinity
  for (let i = 0; i < 200; i++) {
    const started = performance.now()
    for (let j = 0; j < 50; j++) await run()
    best = Math.min(best, performance.now() - started)
  }
  return (best * 1e6) / 50
}
