// Sources and answers besides those of a lookup: /failing/… break their promises, /answers/… do not
const SIZE = 3 * 1024 * 1024
const SMALL = 1000

/** No divisor of the size. */
const CHUNK = 100_000

const chunk = (start, end) => new Uint8Array(Math.min(CHUNK, end - start))

/** A stream of so many bytes, then its end or an error. */
function stream(length, error) {
  let left = length
  return new ReadableStream(
    {
      pull(controller) {
        const bytes = new Uint8Array(Math.min(CHUNK, left))
        left -= bytes.length
        if (bytes.length > 0) controller.enqueue(bytes)
        else if (error) controller.error(error)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

function fail(message) {
  throw new Error(message)
}

const answer = (status, rest) => ({ status, headers: {}, pieces: [], ...rest })

const FOUND = {
  '/failing/lookup': () => fail('the lookup failed'),
  '/failing/lookup-later': async () => fail('the lookup failed later'),
  '/failing/size': () => ({ size: -1, read: chunk }),
  '/failing/first-read': () => ({ size: SIZE, read: async () => fail('the first read failed') }),
  '/failing/nothing': () => ({ size: SMALL, read: () => new Uint8Array(0) }),
  '/failing/too-much': () => ({
    size: SMALL,
    read: (start, end) => new Uint8Array(end - start + 1),
  }),
  '/failing/read': () => ({
    size: SIZE,
    read: (start, end) => (start < SIZE / 2 ? chunk(start, end) : fail('a read failed')),
  }),
  '/failing/end': () => ({
    size: SIZE,
    read: (start, end) => (start < SIZE / 2 ? chunk(start, end) : new Uint8Array(0)),
  }),
  '/failing/stream': () => ({
    size: SIZE,
    read: () => stream(SIZE / 2, new Error('a stream failed')),
  }),
  '/failing/short-stream': () => ({ size: SIZE, read: () => stream(SIZE / 2) }),
  '/failing/long-stream': () => ({ size: SIZE, read: () => stream(SIZE + 1) }),
  '/failing/close': () => ({ size: SMALL, read: chunk, close: () => fail('close failed') }),
  '/failing/no-stream': () => answer(200, { stream: () => new Uint8Array(SMALL) }),
  '/failing/text': () => answer(200, { pieces: ['te', 'xt'] }),
  '/failing/two-bodies': () => answer(200, { pieces: [new Uint8Array(1)], stream }),
  '/failing/status': () => answer('200'),
  '/answers/text': () => answer(403, { pieces: [new TextEncoder().encode('no')] }),
  '/answers/stream': () => answer(200, { stream: () => stream(SMALL) }),
  '/answers/no-content': () => answer(204, { stream }),
  '/answers/not-modified': () => answer(304, { stream }),
}

export function orFailing(lookup) {
  return (request) => {
    const path = /\/(?:failing|answers)\/[a-z-]+$/.exec(request.url)?.[0] ?? ''
    return Object.hasOwn(FOUND, path) ? FOUND[path]() : lookup(request)
  }
}

const never = () => new Promise(() => {})

/** Observers that are never done. */
export const unsettled = { onBegin: never, onServed: never, onError: never }

export const options = { onError: (error) => console.error(error.message) }
