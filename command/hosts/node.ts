import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { nodeListener } from '../../adapters/node.ts'
import type { RequestLike } from '../../src/source.ts'
import type { Address, Listening, Service } from './host.ts'
import { Running } from './running.ts'

export { hostname, networkInterfaces } from 'node:os'
export { nodeDirectory as openDirectory } from '../../adapters/node.ts'
export { writeLog } from '../log/stderr.ts'
export { joinPrimary, startWorker } from '../workers/processes.ts'

/** Of HTTP/1.1 or HTTP/2. */
type Incoming = IncomingMessage | Http2ServerRequest
type Outgoing = ServerResponse | Http2ServerResponse

export async function listen(
  service: Service,
  { address, port, tls }: Address,
): Promise<Listening> {
  const running = new Running<Outgoing>()
  let isDraining = false
  let whenIdle = () => {}
  const idle = async () => {
    if (running.size > 0) await new Promise<void>((resolve) => (whenIdle = resolve))
  }
  const answer = makeListener(service)

  const listener = (incoming: Incoming, outgoing: Outgoing) => {
    const takeOut = running.add(outgoing)
    const leave = () => {
      takeOut()
      if (running.size === 0) whenIdle()
    }
    outgoing.once('close', leave)
    // A response that waits behind another on its connection is not told about a hang-up.
    incoming.once('aborted', leave)
    if (isDraining && incoming.httpVersionMajor === 1) outgoing.setHeader('connection', 'close')
    void answer(incoming, outgoing)
  }
  const server =
    tls === null
      ? createServer(listener)
      : createSecureServer({ ...tls, allowHTTP1: true }, listener)
  // A client that has said all may still want to hear: `nc -N`, proxies of HTTP/1.0, embedded ones.
  // Load balancers keep connections for 60 s, and answer 502 if one is closed as they use it.
  Object.assign(server, { httpAllowHalfOpen: true, keepAliveTimeout: 65_000 })
  await new Promise<void>((resolve, reject) => {
    // It stays for good: a connection that can't be accepted later must not end the process.
    server.on('error', reject)
    server.listen(port, address, resolve)
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    // Not by the callback of `close`, which also waits for connections that sent no whole request.
    async drain() {
      isDraining = true
      server.close()
      await idle()
    },
    async hangUp() {
      for (const outgoing of running.items()) outgoing.destroy()
      await idle()
    },
  }
}

function makeListener({ lookup, options, onBegin, onServed }: Service) {
  // A connection that is gone no longer knows whose it was. Weak, for the reason given at Running.
  const clients = new WeakMap<RequestLike, string | undefined>()
  return nodeListener<Incoming, Outgoing>(lookup, {
    ...options,
    onBegin(serving, { socket }) {
      clients.set(serving.request, socket.remoteAddress)
      onBegin(serving)
    },
    onServed(served) {
      const client = clients.get(served.request)
      clients.delete(served.request)
      onServed(served, client)
    },
  })
}
