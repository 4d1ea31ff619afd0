// What byteserve promises to reach, all in one run: CPU of the peer divided by its own.
export const targets = [
  ...against('fetch', 'send', {
    r64k: 1.7,
    r1m: 1.6,
    full1: 1.6,
    full8: 1.6,
    small: 2.5,
    n304: 1.7,
    head: 1.7,
    r416: 1.7,
  }),
  ...against('fetch', 'hono', { r64k: 2.7 }),
  ...against('native', 'send', { r64k: 1.7, r1m: 1.6, full1: 2.7, full8: 2.7 }),
  ...against('direct', 'send', { r64k: 3, r1m: 2.5, full1: 3.2, full8: 3.2, small: 3, n304: 1.8 }),
  ...against('command', 'send', { r64k: 2.8, small: 2.5, n304: 1.6, head: 1.6, r416: 1.6 }),
  ...against('direct', 'nginx', { r64k: 0.3 }),
  ...against('direct', 'nginx-copy', { r1m: 0.55 }),
  ...against('bun', 'bun-bare', { r64k: 1, r1m: 1, full1: 1, full8: 1, small: 1.6 }),
  ...against('deno', 'deno-naive', { r64k: 2, r1m: 1.6, small: 2 }),
  ...against('deno-exact', 'deno-naive', { r64k: 1, r1m: 1, full1: 1, full8: 1, small: 1 }),
  ...against('worker', 'worker-bare', { r64k: 1, r1m: 1, full1: 1, full8: 1, small: 1 }),
]

function against(ours, peer, factors) {
  return Object.entries(factors).map(([scenario, factor]) => ({ ours, peer, scenario, factor }))
}

/** Per stalled reader: KiB of memory, open files besides the socket. */
export const stallTargets = {
  fetch: { kib: 256, files: 1 },
  direct: { kib: 128, files: 1 },
  bun: { kib: 16, files: 1 },
  deno: { kib: 110, files: 1 },
}

/** ns on Node. The 2000 ranges are asked for as a request would: `maxRanges` cuts them short. */
export const coreTargets = {
  'parseRange a-b': 100,
  'answer: 206, whole header object': 500,
  'answer, 2000 ranges': 50_000,
}
