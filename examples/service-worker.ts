// npm ci && npm run build
// npx esbuild examples/service-worker.ts --bundle --outfile=dist/offline/service-worker.js
// cp examples/service-worker/index.html examples/media/film.* dist/offline
// node dist/command/byteserve.js dist/offline
import { fileHandler, serveFile } from 'byteserve'
import { blobFile } from 'byteserve/blob'

/** What is used of ServiceWorkerGlobalScope. TypeScript's lib "webworker" has it, but no DOM. */
declare const self: {
  addEventListener(type: 'install' | 'fetch', listener: (event: WorkerEvent) => void): void
}

interface WorkerEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
  waitUntil(work: Promise<unknown>): void
}

const KEPT = ['./', 'film.mp4', 'film.en.vtt']

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open('kept').then((cache) => cache.addAll(KEPT)))
})

self.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url)
  event.respondWith(pathname.startsWith('/stored/') ? stored(event.request) : kept(event.request))
})

/** From the Cache, which answers no ranges by itself; without them, players can't seek. */
async function kept(request: Request): Promise<Response> {
  const response = await caches.match(request)
  if (response === undefined) return fetch(request)
  if (!request.headers.has('range')) return response
  const etag = response.headers.get('etag') ?? undefined
  return serveFile(request, blobFile(await response.blob(), { etag }))
}

/** From the origin-private file system, where the page has put it; read as it is played. */
const stored = fileHandler(async ({ url }) => {
  const folder = await navigator.storage.getDirectory()
  const { pathname } = new URL(url, 'http://localhost')
  const name = decodeURIComponent(pathname.slice('/stored/'.length))
  const handle = await folder.getFileHandle(name).catch(() => null)
  return handle && blobFile(await handle.getFile())
})
