import { it } from 'vitest'
import { httpFile } from '../adapters/http.ts'
import { fileHandler } from '../src/index.ts'
import { someBytes } from './support/counting-source.ts'
import { cuttingAfter, startOrigin } from './support/faulty-origin.ts'
it('x', async () => {
  const origin = await startOrigin()
  const large = { bytes: someBytes(3 * 1024 * 1024 + 7), etag: '"large"' }
  const other = { bytes: someBytes(large.bytes.length, 9), etag: '"other"' }
  for (let i = 0; i < 6; i++) {
  const t0 = performance.now()
  const log = (...a) => console.log(i, Math.round(performance.now() - t0), ...a)
  origin.behave((incoming, outgoing) => {
    log(incoming.headers.range, incoming.socket.remotePort)
    incoming.socket.once('close', () => log('closed', incoming.socket.remotePort))
    if (i % 2) delete incoming.headers['if-match']
    cuttingAfter(1_000_000, incoming.headers.range === 'bytes=0-' ? large : other)(incoming, outgoing)
  })
  const q = new Request('http://x/f')
  const r = await fileHandler(() => httpFile(origin.url + 'f', q, { timeout: 3000 }), { onError() {} })(q)
  log(await r.bytes().then(b => [b.length], String))
  }
  origin.stop()
}, 60000)
