// Whether a server sends the right bytes. A wrong answer can be a fast one.
import { closeSync, openSync, readSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'

/** @returns what is wrong with the answer, or null */
export async function findFault(port, exchange, dir) {
  const response = await open(port, exchange)
  if (response.statusCode !== exchange.status) {
    response.destroy()
    return `status ${response.statusCode}`
  }
  const expected =
    exchange.body.length > 1 ? parts(response, exchange) : [exchange.body[0] ?? [0, 0]]
  return expected === null
    ? 'no multipart/byteranges'
    : compare(response, expected, join(dir, exchange.file), exchange)
}

/** The validators that a server gives to a file. */
export async function validators(port, file) {
  const { headers } = await open(port, { method: 'GET', file }, true)
  return { etag: headers.etag ?? null, lastModified: headers['last-modified'] ?? null }
}

function open(port, { method, file, fields = {} }, isDropped = false) {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path: `/${file}`,
      method,
      headers: fields,
      agent: false,
    }
    const asking = request(options, (response) => {
      if (isDropped) response.resume()
      resolve(response)
    })
    asking.setTimeout(20_000, () => asking.destroy(new Error('no answer within 20 s')))
    asking.on('error', reject)
    asking.end()
  })
}

function parts({ headers }, { body }) {
  const isMultipart = /^multipart\/byteranges/.test(headers['content-type'] ?? '')
  return isMultipart ? body : null
}

async function compare(response, ranges, path, { status, method, body }) {
  if (body.length === 0) {
    let length = 0
    for await (const chunk of response) length += chunk.length
    return length === 0 || (status === 416 && method === 'GET') ? null : `${length} surplus bytes`
  }
  const fd = openSync(path)
  try {
    return ranges.length > 1
      ? await compareParts(response, ranges, fd)
      : await compareRange(response, ranges[0], fd)
  } finally {
    closeSync(fd)
  }
}

async function compareRange(response, [start, end], fd) {
  let at = start
  const own = Buffer.alloc(1 << 20)
  for await (const chunk of response) {
    if (at + chunk.length > end) return `surplus bytes after ${end - start}`
    readSync(fd, own, 0, chunk.length, at)
    if (own.compare(chunk, 0, chunk.length, 0, chunk.length) !== 0) return `wrong bytes at ${at}`
    at += chunk.length
  }
  return at === end ? null : `${at - start} bytes instead of ${end - start}`
}

async function compareParts(response, ranges, fd) {
  const chunks = []
  for await (const chunk of response) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  let from = 0
  for (const [start, end] of ranges) {
    const field = body.indexOf(`bytes ${start}-${end - 1}/`, from)
    const at = field < 0 ? -1 : body.indexOf('\r\n\r\n', field) + 4
    if (at < 4) return `no part ${start}-${end}`
    const own = Buffer.alloc(end - start)
    readSync(fd, own, 0, own.length, start)
    if (own.compare(body, at, at + own.length) !== 0) return `wrong bytes in part ${start}-${end}`
    from = at + own.length
  }
  return null
}
