import { setTimeout } from 'node:timers/promises'
import type { Asked, Fault, Plan } from './model-server.ts'

/** A fault: the row that finds it, what it is, and how an answer becomes wrong. */
export type PlantedFault = readonly [row: string, what: string, fault: Fault]

const OTHER_TAG = '"another"'
const WEAK_TAG = 'W/"model-1"'

/** Each is planted alone, and found by its row and no other. */
export const FAULTS: readonly PlantedFault[] = [
  ['first-bytes', '200 to bytes=0-1', when(({ range }) => range === '0-1', toWhole)],
  ['first-bytes', '416 to bytes=0-1', when(({ range }) => range === '0-1', toStatus(416))],
  ['open-range', '200 to bytes=0-', when(({ range }) => range === '0-', toWhole)],

  ['content-range', 'none on a 206', onParts(without('content-range'))],
  [
    'content-range',
    'an unknown size',
    onParts((plan) => change(plan, 'content-range', /\d+$/, '*')),
  ],
  ['content-range', 'another size', onParts((plan) => change(plan, 'content-range', /$/, '0'))],
  [
    'content-range',
    'another unit',
    onParts((plan) => change(plan, 'content-range', 'bytes', 'byte')),
  ],
  [
    'content-range',
    'a first byte of one more',
    when(
      ({ range }) => range === '0-1' || range === '2-9',
      (plan) => {
        change(plan, 'content-range', /\d+/, String(plan.start + 1))
      },
    ),
  ],

  [
    'content-range',
    'a last byte that is not sent',
    when(
      ({ range }) => range === '0-1',
      (plan) => change(plan, 'content-range', /-\d+/, '-1000'),
    ),
  ],

  ['content-range', 'an end that is ignored', onBounded((plan) => resize(plan, sizeOf(plan)))],
  [
    'content-range',
    'an end that is left out',
    onBounded((plan) => resize(plan, Math.max(plan.start + 1, plan.end - 1))),
  ],
  [
    'content-range',
    'the byte after the last',
    onParts((plan) => change(plan, 'content-range', /-\d+/, `-${plan.end}`)),
  ],
  [
    'content-range',
    'an open range that ends a byte after the file',
    when(
      ({ range }) => range?.endsWith('-') === true,
      (plan) => {
        if (plan.status === 206) resize(plan, sizeOf(plan) + 1)
      },
    ),
  ],

  ['content-length', 'a part that ends early', onParts((plan) => plan.end--)],
  [
    'content-length',
    'an end of the connection after 32 KiB',
    onParts((plan) => {
      plan.end = Math.min(plan.end, plan.start + 32 * 1024)
    }),
  ],
  [
    'content-length',
    'the size of the file on parts',
    onParts((plan) => {
      plan.fields['content-length'] = String(sizeOf(plan))
    }),
  ],
  [
    'content-length',
    'bytes after the end',
    onParts((plan) => {
      plan.surplus = 'x'
    }),
  ],

  [
    'bytes',
    'one byte too far',
    when(isInside, (plan) => {
      plan.start++
      plan.end++
    }),
  ],
  [
    'bytes',
    'always from the beginning',
    when(isInside, (plan) => {
      plan.end -= plan.start
      plan.start = 0
    }),
  ],

  ['bytes', '200 to ranges in the middle', when(isInside, toWhole)],
  ['bytes', 'some bytes less than its Content-Range', when(isInside, shorten)],
  [
    'bytes',
    'another Content-Range, in the middle',
    when(isInside, (plan) => change(plan, 'content-range', /\d+/, '7')),
  ],

  [
    'suffix',
    'the first bytes',
    when(isSuffix, (plan) => {
      plan.end -= plan.start
      plan.start = 0
    }),
  ],
  [
    'suffix',
    'one byte off',
    when(isSuffix, (plan) => {
      if (plan.start > 0) {
        plan.start--
        plan.end--
      }
    }),
  ],
  [
    'suffix',
    'another Content-Range',
    when(isSuffix, (plan) => change(plan, 'content-range', /\d+/, '7')),
  ],
  ['suffix', '416', when(isSuffix, toStatus(416))],
  ['suffix', '200', when(({ range }) => range === '-1000', toWhole)],
  [
    'suffix',
    '416 if it is longer than the file',
    when((asked) => isSuffix(asked) && asked.range !== '-1000', toStatus(416)),
  ],

  [
    'suffix',
    'less than the file if it is longer',
    when(
      (asked) => isSuffix(asked) && asked.range !== '-1000',
      (plan) => change(plan, 'content-range', /\d+/, '-877'),
    ),
  ],
  ['suffix', 'some bytes less than its Content-Range', when(isSuffix, shorten)],

  ['clamped', '416', when(isClamped, toStatus(416))],
  ['clamped', 'some bytes less than its Content-Range', when(isClamped, shorten)],
  ['clamped', '200', when(isClamped, toWhole)],
  [
    'clamped',
    'a Content-Range past the end',
    when(isClamped, (plan, { range }) => {
      change(plan, 'content-range', /\d+-\d+/, range ?? '')
    }),
  ],

  ['past-end', '200', when(isPastEnd, toWhole)],
  [
    'past-end',
    'the whole file, as a 416',
    when(isPastEnd, (plan) => {
      plan.end = 200_000
      plan.fields['content-length'] = String(plan.end)
    }),
  ],
  [
    'past-end',
    'the whole file, as a chunked 416',
    when(isPastEnd, (plan) => {
      plan.end = 200_000
      delete plan.fields['content-length']
    }),
  ],
  ['past-end', 'no Content-Range', when(isPastEnd, without('content-range'))],
  ['past-end', 'another size', when(isPastEnd, (plan) => change(plan, 'content-range', /$/, '0'))],
  [
    'past-end',
    '206',
    when(isPastEnd, (plan) => {
      plan.status = 206
    }),
  ],

  ['accept-ranges', 'none at all', without('accept-ranges')],
  ['accept-ranges', 'none on HEAD', when(isHead, without('accept-ranges'))],
  [
    'accept-ranges',
    'none, it says',
    ({ fields }) => {
      fields['accept-ranges'] = 'none'
    },
  ],

  ['head', '405', when(isHead, toStatus(405))],
  [
    'head',
    'Content-Length: 0',
    when(isHead, ({ fields }) => {
      fields['content-length'] = '0'
    }),
  ],
  ['head', 'another Content-Type', when(isHead, (plan) => change(plan, 'content-type', /^/, 'x-'))],
  ['head', 'no Content-Length', when(isHead, without('content-length'))],
  [
    'head',
    'a body',
    when(isHead, (plan) => {
      plan.surplus = 'body'
    }),
  ],

  ['head', '405 where the redirect is', onMovedHead(toStatus(405))],
  [
    'head',
    'a loop where the redirect is',
    onMovedHead(({ fields }) => {
      fields.location = '/moved'
    }),
  ],

  [
    'redirects',
    'to another file, with a Range',
    when(isMovedPart, ({ fields }) => {
      fields.location = '/other'
    }),
  ],
  [
    'redirects',
    'to a loop, with a Range',
    when(isMovedPart, ({ fields }) => {
      fields.location = '/moved'
    }),
  ],
  ['redirects', 'not at all, with a Range', when(isMovedPart, toStatus(404))],

  ['type', 'none', without('content-type')],
  [
    'type',
    'two',
    ({ fields }) => {
      fields['content-type'] = 'video/mp4, text/plain'
    },
  ],
  ['type', 'none on parts', onParts(without('content-type'))],
  [
    'type',
    'text',
    ({ fields }) => {
      fields['content-type'] = 'text/plain'
    },
  ],
  [
    'type',
    'just bytes',
    ({ fields }) => {
      fields['content-type'] = 'application/octet-stream'
    },
  ],

  // Above what is slow, and no more: it waits five times.
  [
    'late-speed',
    'half a second for the head of the last byte',
    async (plan) => {
      if (isLast(plan)) await setTimeout(500)
    },
  ],
  [
    'late-speed',
    'half a second for the last byte, after its head',
    (plan) => {
      if (isLast(plan)) plan.pause = 500
    },
  ],

  [
    'known-length',
    'a chunked file',
    when(
      ({ range, method }) => range === null && method === 'GET',
      ({ status, fields }) => {
        if (status === 200) delete fields['content-length']
      },
    ),
  ],
  [
    'rest',
    'at most 64 KiB',
    onOpen((plan) => resize(plan, Math.min(plan.end, plan.start + 65_536))),
  ],
  [
    'rest',
    'all but the last byte, unless from the first',
    onOpen((plan) => {
      if (plan.start > 0) resize(plan, plan.end - 1)
    }),
  ],
  ['rest', '200, unless from the first', when(isRest, toWhole)],

  ['known-length', 'chunked parts', onParts(without('content-length'))],
  [
    'known-length',
    'chunked open ranges',
    when(({ range }) => range === '0-', without('content-length')),
  ],
  [
    'known-length',
    'two lengths',
    ({ status, fields }) => {
      if (status === 200)
        fields['content-length'] = [0, 1].map(() => fields['content-length']).join(', ')
    },
  ],

  ['validator', 'none', without('etag', 'last-modified')],
  [
    'validator',
    'a tag without quotes',
    ({ fields }) => {
      fields.etag = 'model'
      delete fields['last-modified']
    },
  ],
  [
    'validator',
    'a tag without quotes, and a date',
    ({ fields }) => {
      fields.etag = 'model'
    },
  ],
  [
    'validator',
    'a date of the future, and no tag',
    (plan, asked) => {
      plan.fields['last-modified'] = 'Fri, 01 Jan 2066 00:00:00 GMT'
      delete plan.fields.etag
      if (asked.header('if-modified-since')?.startsWith('Thu, 31 Dec')) toOther(plan)
    },
  ],
  [
    'validator',
    'a weak tag',
    (plan, asked) => {
      plan.fields.etag = WEAK_TAG
      delete plan.fields['last-modified']
      if (asked.header('if-none-match') !== WEAK_TAG) return
      plan.status = 304
      delete plan.fields['content-length']
    },
  ],

  [
    'same-version',
    'a tag for each answer',
    eachTime((plan, count) => {
      plan.fields.etag = `"${count}"`
    }),
  ],
  [
    'same-version',
    'another tag deep in the file',
    onParts((plan) => {
      if (plan.start > 100_000) plan.fields.etag = OTHER_TAG
    }),
  ],
  [
    'same-version',
    'two replicas',
    eachTime((plan, count) => {
      plan.fields['last-modified'] = `Sun, 01 Nov 2026 08:49:3${count % 2} GMT`
    }),
  ],
  [
    'same-version',
    'the time of the answer for a date',
    ({ fields }) => {
      fields['last-modified'] = new Date().toUTCString()
    },
  ],
  [
    'same-version',
    'the time of the answer for a date, and no tag',
    ({ fields }) => {
      fields['last-modified'] = new Date().toUTCString()
      delete fields.etag
    },
  ],

  [
    'if-range-current',
    'always 200',
    when((asked) => asked.header('if-range') !== undefined, toWhole),
  ],
  [
    'if-range-current',
    'the first bytes',
    when(
      (asked) => asked.header('if-range') === '"model-1"',
      (plan) => {
        plan.start -= 2
        plan.end -= 2
        change(plan, 'content-range', '2-9', '0-7')
      },
    ),
  ],
  [
    'if-range-current',
    'other bytes',
    when(
      (asked) => asked.header('if-range') === '"model-1"',
      (plan) => {
        plan.start -= 2
        plan.end -= 2
      },
    ),
  ],
  [
    'if-range-stale',
    '206 for another tag',
    when((asked) => asked.header('if-range') === '"byteserve-check"', toPart),
  ],
  [
    'if-range-stale',
    '206 for an earlier date',
    when((asked) => asked.header('if-range')?.startsWith('Sat, 31 Oct') === true, toPart),
  ],
  [
    'if-range-stale',
    '206 for a later date',
    when((asked) => asked.header('if-range')?.startsWith('Mon, 02 Nov') === true, toPart),
  ],
  [
    'if-range-weak',
    '206',
    when((asked) => asked.header('if-range')?.startsWith('W/') === true, toPart),
  ],
  ['if-match', 'never met', when((asked) => asked.header('if-match') !== undefined, toStatus(412))],
  ['if-match', 'ignored', when((asked) => asked.header('if-match') !== undefined, toPart)],

  ['not-modified', '200', when((asked) => asked.header('if-none-match') !== undefined, toWhole)],
  [
    'not-modified',
    'whatever the version',
    (plan, asked) => {
      if (asked.header('if-none-match') !== undefined) toNotModified(plan)
    },
  ],
  [
    'not-modified',
    'by its date, though the tag is another',
    (plan, asked) => {
      if (asked.header('if-modified-since') !== undefined) toNotModified(plan)
    },
  ],
  ['not-modified', 'no Cache-Control', onNotModified(without('cache-control'))],
  [
    'not-modified',
    'a body',
    onNotModified((plan) => {
      plan.surplus = 'body'
    }),
  ],
  [
    'not-modified',
    'another tag',
    onNotModified(({ fields }) => {
      fields.etag = OTHER_TAG
    }),
  ],
  ['not-modified', 'no Vary', onNotModified(without('vary'))],
  [
    'not-modified',
    'Content-Length: 0',
    onNotModified(({ fields }) => {
      fields['content-length'] = '0'
    }),
  ],

  ['part-fields', 'no ETag', onParts(without('etag'))],
  ['part-fields', 'no Cache-Control', onParts(without('cache-control'))],
  ['part-fields', 'no Vary', onParts(without('vary'))],

  [
    'encoding',
    'a part, compressed on the fly',
    when(isEncodable, (plan) => {
      if (plan.status === 206) plan.fields['content-encoding'] = 'gzip'
    }),
  ],
  [
    'encoding',
    'the tag of the file',
    when(isEncodable, (plan) => {
      if (plan.status === 200) plan.fields['content-encoding'] = 'br'
    }),
  ],
  [
    'encoding',
    'no Vary',
    when(isEncodable, ({ status, fields }) => {
      if (status !== 200) return
      Object.assign(fields, { 'content-encoding': 'br', etag: OTHER_TAG, vary: 'Origin' })
    }),
  ],

  [
    'encoding',
    'a variant that is never a 304',
    when(isEncodable, ({ status, fields }) => {
      if (status !== 200) return
      Object.assign(fields, { 'content-encoding': 'br', etag: OTHER_TAG })
    }),
  ],

  [
    'encoding',
    'a coded file for a client that asked for none',
    when(
      ({ range, method }) => range === null && method === 'GET',
      ({ status, fields }) => {
        if (status === 200) fields['content-encoding'] = 'gzip'
      },
    ),
  ],

  ['slices', '200', when(isSlice, toWhole)],
  [
    'slices',
    'another version',
    when(isSlice, ({ fields }) => {
      fields.etag = OTHER_TAG
    }),
  ],
  ['slices', 'some bytes less than its Content-Range', when(isSlice, shorten)],
  ['slices', 'the end of the connection before its own', when(isSlice, (plan) => plan.end--)],
  [
    'slices',
    'at most 256 KiB',
    onBounded((plan) => resize(plan, Math.min(plan.end, plan.start + 256 * 1024))),
  ],

  ['cache-control', 'none', without('cache-control')],

  [
    'cors-expose',
    'not allowed',
    ({ fields, status }) => {
      if (status !== 204) delete fields['access-control-allow-origin']
    },
  ],
  ['cors-expose', 'nothing exposed', without('access-control-expose-headers')],
  [
    'cors-expose',
    'another origin',
    ({ fields, status }) => {
      if (status !== 204) fields['access-control-allow-origin'] = 'https://other.example'
    },
  ],
  [
    'cors-expose',
    'a redirect that is not allowed',
    ({ status, fields }) => {
      if (status === 302) delete fields['access-control-allow-origin']
    },
  ],
  [
    'cors-expose',
    'whoever asks is named, without Vary',
    ({ fields, status }, asked) => {
      if (status === 204 || status === 302) return
      const origin = asked.header('origin')
      Object.assign(fields, { vary: 'Accept-Encoding', 'access-control-allow-origin': origin })
      if (origin === undefined) delete fields['access-control-allow-origin']
    },
  ],
  [
    'cors-expose',
    'nothing for who is no page, without Vary',
    ({ fields }, asked) => {
      if (asked.header('origin') !== undefined) return
      delete fields['access-control-allow-origin']
      fields.vary = 'Accept-Encoding'
    },
  ],
  [
    'cors-preflight',
    'a redirect',
    (plan, { method, path }) => {
      if (method !== 'OPTIONS' || path !== '/moved') return
      plan.status = 302
      plan.fields.location = '/film.mp4'
    },
  ],
  [
    'cors-preflight',
    '405 where a redirect leads',
    (plan, { method, path }) => {
      if (method === 'OPTIONS' && path !== '/moved') plan.status = 405
    },
  ],
  ['cors-preflight', '405', when(({ method }) => method === 'OPTIONS', toStatus(405))],
  [
    'cors-preflight',
    'If-Range not allowed',
    when(
      ({ method }) => method === 'OPTIONS',
      ({ fields }) => {
        fields['access-control-allow-headers'] = 'Range'
      },
    ),
  ],
]

function without(...names: string[]): (plan: Plan) => void {
  return ({ fields }) => {
    for (const name of names) delete fields[name]
  }
}

function when(
  condition: (asked: Asked) => boolean,
  fault: (plan: Plan, asked: Asked) => unknown,
): Fault {
  return (plan, asked) => {
    // What is redirected is right, unless the redirect is meant.
    if (condition(asked) && (asked.path !== '/moved' || isMovedPart === condition))
      fault(plan, asked)
  }
}

function onParts(fault: (plan: Plan, asked: Asked) => unknown): Fault {
  return (plan, asked) => {
    if (plan.status === 206) fault(plan, asked)
  }
}

/** On the parts that are asked for by both ends. */
function onBounded(fault: (plan: Plan) => unknown): Fault {
  return onParts((plan, { range }) => {
    if (/^\d+-\d+$/.test(range ?? '')) fault(plan)
  })
}

/** On the parts that go on to the end of the file. */
function onOpen(fault: (plan: Plan) => unknown): Fault {
  return onParts((plan, { range }) => {
    if (/^\d+-$/.test(range ?? '')) fault(plan)
  })
}

function onMovedHead(fault: (plan: Plan) => void): Fault {
  return (plan, { method, path }) => {
    if (method === 'HEAD' && path === '/moved') fault(plan)
  }
}

function onNotModified(fault: (plan: Plan) => unknown): Fault {
  return (plan) => {
    if (plan.status === 304) fault(plan)
  }
}

function eachTime(fault: (plan: Plan, count: number) => void): Fault {
  let count = 0
  return (plan) => fault(plan, count++)
}

/** Some bytes less come than Content-Range says, and as many as Content-Length does. */
function shorten(plan: Plan): void {
  plan.end -= 10
  plan.fields['content-length'] = String(plan.end - plan.start)
}

function change({ fields }: Plan, name: string, pattern: RegExp | string, by: string): void {
  fields[name] = (fields[name] ?? '').replace(pattern, by)
}

/** Two ranges, as multipart, of which `edit` may change the text and the fields. */
export function toSeveral(
  edit: (text: string, fields: Plan['fields']) => string = (text) => text,
  boundary = 'B',
): Fault {
  return when(
    ({ range }) => range === '0-1,4-5',
    (plan) => {
      const part = (range: string, bytes: string) => {
        return `--B\r\nContent-Range: bytes ${range}/${plan.end}\r\n\r\n${bytes}\r\n`
      }
      const text = `${part('0-1', '\0\0')}${part('4-5', 'ft')}--B--\r\n`
      plan.status = 206
      plan.end = 0
      plan.fields['content-type'] = `multipart/byteranges; boundary=${boundary}`
      delete plan.fields['content-length']
      plan.text = edit(text, plan.fields)
      plan.fields['content-length'] ??= String(plan.text.length)
    },
  )
}

/** The size of a file, of which the server tells a part. */
function sizeOf({ fields }: Plan): number {
  return Number(/\d+$/.exec(fields['content-range'] ?? '')?.[0])
}

/** Another end, of which the fields know. */
function resize(plan: Plan, end: number): void {
  plan.end = end
  plan.fields['content-length'] = String(end - plan.start)
  change(plan, 'content-range', /-\d+/, `-${end - 1}`)
}

/** The whole file, of which the server knows the size from its part. */
function toWhole(plan: Plan, _asked: Asked): void {
  const size = sizeOf(plan)
  if (Number.isNaN(size)) {
    toOther(plan)
    return
  }
  plan.status = 200
  plan.start = 0
  plan.end = size
  plan.fields['content-length'] = String(size)
  delete plan.fields['content-range']
}

/** 200 for what was 304 or 416. */
function toOther(plan: Plan): void {
  plan.status = 200
  plan.text = 'all of it'
  plan.fields['content-length'] = String(plan.text.length)
  delete plan.fields['content-range']
}

/** The part for which a condition was not met. */
function toPart(plan: Plan, _asked: Asked): void {
  const size = plan.fields['content-length'] === '0' ? 10 : plan.end
  plan.status = 206
  plan.start = 2
  plan.end = 10
  Object.assign(plan.fields, { 'content-range': `bytes 2-9/${size}`, 'content-length': '8' })
}

function toNotModified(plan: Plan): void {
  plan.status = 304
  plan.start = plan.end
  delete plan.fields['content-length']
}

function toStatus(status: number): (plan: Plan) => void {
  return (plan) => {
    plan.status = status
    plan.start = plan.end
    plan.fields['content-length'] = '0'
  }
}

function isLast({ start, end, status }: Plan): boolean {
  return status === 206 && start > 0 && end - start === 1
}

/** A range with both ends, inside a large file and away from its beginning. */
function isInside({ range }: Asked): boolean {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(range ?? '') ?? []
  return Number(first) > 100 && Number(last) - Number(first) === 999
}

function isSuffix({ range }: Asked): boolean {
  return range?.startsWith('-') === true
}

function isClamped({ range }: Asked): boolean {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(range ?? '') ?? []
  return Number(last) - Number(first) === 1999
}

function isSlice({ range }: Asked): boolean {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(range ?? '') ?? []
  return Number(last) - Number(first) === 1024 * 1024 - 1
}

/** An open range that begins inside the file. */
function isRest({ range }: Asked): boolean {
  return /^[1-9]-$/.test(range ?? '')
}

function isPastEnd({ range }: Asked): boolean {
  return /^[1-9]\d+-$/.test(range ?? '')
}

function isHead({ method }: Asked): boolean {
  return method === 'HEAD'
}

function isMovedPart({ path, range }: Asked): boolean {
  return path === '/moved' && range !== null
}

function isEncodable(asked: Asked): boolean {
  return asked.header('accept-encoding')?.includes('br') === true
}
