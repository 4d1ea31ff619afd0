// What the sites of site.mjs and site-worker.mjs are asked about.
import { attachment, cors, IMMUTABLE } from 'byteserve/site'

/** Of every store. */
export const siteOptions = {
  base: '/site/',
  index: 'index.html',
  extensions: ['html'],
  notFound: '404.html',
  fallback: 'app/index.html',
  precompressed: true,
  cacheControl: (path) => (path.startsWith('assets/') ? IMMUTABLE : undefined),
  headers: (path) => (path.startsWith('downloads/') ? attachment(path) : undefined),
  type: (path) => (path.endsWith('.old.html') ? 'text/html; charset=windows-1252' : undefined),
  listing: true,
  normalize: true,
  digest: (path) => (path === 'film.mp4' ? { 'sha-256': new Uint8Array([1, 2, 3]) } : undefined),
}

export const serveOptions = {
  headers: cors({ origin: ['https://app.example'], credentials: true }),
}
