// What Bun can do at best with a file by its path: sizes known, nothing validated, nothing looked up.
import { readdirSync, statSync } from 'node:fs'

const root = process.argv[2]
const sizes = Object.fromEntries(
  readdirSync(root).map((name) => [`/${name}`, statSync(`${root}/${name}`).size]),
)

function fetch({ url, headers }) {
  const path = url.slice(url.indexOf('/', 7))
  const file = Bun.file(root + path)
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '')
  if (range === null) return new Response(file)
  const size = sizes[path]
  const start = Number(range[1])
  if (start >= size) return new Response(null, { status: 416 })
  const end = range[2] === '' ? size : Number(range[2]) + 1
  return new Response(file.slice(start, end), {
    status: 206,
    headers: { 'content-range': `bytes ${start}-${end - 1}/${size}` },
  })
}

const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch })
console.log(`PORT=${server.port}`)
