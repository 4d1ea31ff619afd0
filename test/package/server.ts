import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { serveFile } from 'byteserve'
import { bunDirectory, bunFile } from 'byteserve/bun'
import { denoDirectory, denoFile } from 'byteserve/deno'
import { nodeDirectory, nodeFile, nodeListener } from 'byteserve/node'

const headers = { 'cache-control': 'no-cache' }

export const servers = [
  createServer(nodeListener(nodeDirectory('media', { base: '/media/', headers }))),
  createHttp2Server(nodeListener(bunDirectory('media', { stable: true, headers }))),
  createServer(nodeListener(denoDirectory('media', { native: true, headers }))),
  createServer(
    nodeListener(
      nodeDirectory('media', {
        within: (_, incoming: IncomingMessage) => `${incoming.headers.host}`,
      }),
    ),
  ),
  createServer(nodeListener((_, incoming) => nodeFile(`${incoming.headers.host}.mp4`))),
]

export async function serveOne(request: Request): Promise<Response[]> {
  return [
    await serveFile(request, await nodeFile('film.mp4', { type: 'video/mp4', headers })),
    await serveFile(request, await bunFile('film.mp4', { stable: true, headers })),
    await serveFile(request, await denoFile('film.mp4', { native: true, headers })),
  ]
}
