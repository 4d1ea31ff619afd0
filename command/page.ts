import { createHash } from 'node:crypto'
import { parseTarget } from '../adapters/site/url-path.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { FileSource } from '../src/source.ts'
import { listFiles } from './listing.ts'
import { renderPage } from './page-html.ts'
import { SCRIPT } from './page-player.ts'
import { STYLE } from './page-style.ts'

/**
 * A lookup that answers `/` with a page of what can be played below the root, unless the root has
 * an index.html of its own, and leaves everything else to the given lookup.
 */
export function withPage(root: string, lookup: FileLookup): FileLookup {
  let underWay: Promise<FileSource> | null = null

  /** Listing a large directory takes seconds: all who ask in the meantime share one page. */
  function page(): Promise<FileSource> {
    underWay ??= makePage(root).finally(() => {
      underWay = null
    })
    return underWay
  }

  return async (request) => {
    if (parseTarget(request.url)?.pathname !== '/') return lookup(request)
    const { method, headers } = request
    const index = await lookup({ method, headers, url: '/index.html' })
    return index ?? page()
  }
}

// Allows only this server's files, and no script but the page's own, whatever a file is called.
const POLICY = [
  "default-src 'none'",
  "media-src 'self'",
  // Firefox asks for /favicon.ico, whatever icon the page names.
  "img-src 'self' data:",
  `style-src '${hash('sha256', STYLE)}'`,
  `script-src '${hash('sha256', SCRIPT)}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

async function makePage(root: string): Promise<FileSource> {
  const html = renderPage(await listFiles(root))
  const bytes = new TextEncoder().encode(html)
  return {
    size: bytes.length,
    type: 'text/html; charset=utf-8',
    etag: `"${hash('sha256', html)}"`,
    headers: {
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
    },
    read: (start, end) => bytes.subarray(start, end),
  }
}

/** In the form that Content-Security-Policy requires, and an entity tag may have. */
function hash(algorithm: string, text: string): string {
  return `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`
}
