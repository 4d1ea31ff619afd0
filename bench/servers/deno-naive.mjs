// What one writes without a library: open, seek, and cut the file's stream.
const [root] = Deno.args

async function handler(request) {
  const file = await Deno.open(root + new URL(request.url).pathname)
  const { size } = await file.stat()
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '')
  if (range === null) {
    return new Response(file.readable, { headers: { 'content-length': String(size) } })
  }
  const start = Number(range[1])
  if (start >= size) {
    file.close()
    return new Response(null, { status: 416 })
  }
  const end = range[2] === '' ? size : Number(range[2]) + 1
  await file.seek(start, Deno.SeekMode.Start)
  return new Response(file.readable.pipeThrough(limit(end - start)), {
    status: 206,
    headers: {
      'content-range': `bytes ${start}-${end - 1}/${size}`,
      'content-length': String(end - start),
    },
  })
}

function limit(length) {
  let left = length
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.length > left ? chunk.subarray(0, left) : chunk)
      left -= chunk.length
      if (left <= 0) controller.terminate()
    },
  })
}

const onListen = ({ port }) => console.log(`PORT=${port}`)
Deno.serve({ port: 0, hostname: '127.0.0.1', onListen }, handler)
