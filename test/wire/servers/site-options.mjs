// What the sites of site.mjs and site-worker.mjs are asked about.
import { readBytes } from 'byteserve'
import { attachment, cors, IMMUTABLE } from 'byteserve/site'
import { zipFolder } from 'byteserve/zip'

/** Of every store. */
const siteOptions = {
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

/** What each user sees of a folder. */
const userOptions = {
  base: '/mine/',
  within: (request) => request.headers.get('x-user'),
  index: false,
  fallback: 'app.html',
  dotfiles: true,
  links: 'follow',
  download: zipFolder,
  transform: (file, path) => (path.endsWith('.txt') ? shouted(file) : file),
}

async function shouted(file) {
  const text = new TextDecoder().decode(await readBytes(file, 0, file.size)).toUpperCase()
  await file.close?.()
  const bytes = new TextEncoder().encode(text)
  const read = (start, end) => bytes.subarray(start, end)
  return { size: bytes.length, type: 'text/plain', etag: '"shouted"', read }
}

/**
 * Both sites of a store.
 *
 * @param lookupOf makes a lookup of options
 */
export function sites(lookupOf) {
  const site = lookupOf(siteOptions)
  const mine = lookupOf(userOptions)
  return async (...given) => (await site(...given)) ?? mine(...given)
}

export const serveOptions = {
  headers: cors({ origin: ['https://app.example'], credentials: true }),
}
