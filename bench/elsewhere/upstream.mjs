// The other server: files in memory by their size, /1024, each range in one write.
import { createServer } from 'node:http'
import process from 'node:process'

const bytes = new Map()

createServer(({ url, method, headers }, outgoing) => {
  const size = Number(url.slice(1))
  if (!bytes.has(size)) bytes.set(size, Buffer.alloc(size, 'byteserve'))
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  const [start, end] = [Number(first), last === '' ? size : Math.min(size, Number(last) + 1)]
  outgoing.writeHead(206, {
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${size}`,
    'content-type': 'video/mp4',
    etag: `"${size}"`,
  })
  outgoing.end(method === 'HEAD' ? undefined : bytes.get(size).subarray(start, end))
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port)
})
process.stdin.resume().on('end', () => process.exit())
