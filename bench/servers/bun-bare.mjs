// What Bun can do at best with a file by its path: sizes known, nothing validated, nothing looked up.
// With `alike`, the path is looked at, and the header fields are those of byteserve.
import { readdirSync, statSync } from 'node:fs'

const [, , root, mode] = process.argv
const sizes = Object.fromEntries(
  readdirSync(root).map((name) => [`/${name}`, statSync(`${root}/${name}`).size]),
)

function fieldsOf(path) {
  if (mode !== 'alike') return {}
  const { size, mtime } = statSync(root + path)
  return {
    'accept-ranges': 'bytes',
    'content-type': 'video/mp4',
    'x-content-type-options': 'nosniff',
    etag: `"${size.toString(16)}-${mtime.getTime().toString(16)}"`,
    'last-modified': mtime.toUTCString(),
  }
}

function fetch({ url, headers }) {
  const path = url.slice(url.indexOf('/', 7))
  const file = Bun.file(root + path)
  const fields = fieldsOf(path)
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '')
  if (range === null) return new Response(file, { headers: fields })
  const size = sizes[path]
  const start = Number(range[1])
  if (start >= size) return new Response(null, { status: 416 })
  const end = range[2] === '' ? size : Number(range[2]) + 1
  fields['content-range'] = `bytes ${start}-${end - 1}/${size}`
  return new Response(file.slice(start, end), { status: 206, headers: fields })
}

const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch })
console.log(`PORT=${server.port}`)
