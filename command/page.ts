import { createHash } from 'node:crypto'
import { mediaType } from '../adapters/media-type.ts'
import { parseTarget } from '../adapters/path.ts'
import type { FileLookup, FileSource } from '../src/source.ts'
import { type ListedFile, type Listing, listFiles } from './listing.ts'
import { SCRIPT, STYLE } from './page-assets.ts'

/**
 * A look-up that answers `/` with a page of what can be played below the root, unless the root has
 * an index.html of its own; all else it leaves to the given one.
 */
export function withPage(root: string, lookup: FileLookup): FileLookup {
  return async (request) => {
    if (parseTarget(request.url)?.pathname !== '/') return lookup(request)
    const { method, headers } = request
    const index = await lookup({ method, headers, url: '/index.html' })
    return index ?? pageSource(renderPage(await listFiles(root)))
  }
}

// Nothing but this server's files, and no script but the page's own, whatever a file is called.
const POLICY = [
  "default-src 'none'",
  "media-src 'self'",
  'img-src data:',
  `style-src '${hash('sha256', STYLE)}'`,
  `script-src '${hash('sha256', SCRIPT)}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

function pageSource(html: string): FileSource {
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

type Kind = 'video' | 'audio'

interface Track {
  readonly href: string
  /** A language tag; '' when the file's name has none. */
  readonly language: string
}

/** The page as HTML: the first medium's player, the list of all, and links to the other files. */
export function renderPage({ files, isCut }: Listing): string {
  const tracks = collectTracks(files)
  const media: string[] = []
  const others: string[] = []
  let firstPlayer = ''
  let folder = ''
  for (const file of files) {
    const kind = kindOf(file.name)
    if (kind === null) {
      others.push(renderOther(file))
      continue
    }
    const player = renderPlayer(file, kind, tracks.get(stemOf(file.path)) ?? [])
    firstPlayer ||= player
    if (file.folder !== folder) {
      folder = file.folder
      media.push(`</ul><h2 dir="auto">${escapeHtml(folder)}</h2><ul>`)
    }
    media.push(renderMedium(file, kind, player))
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>byteserve</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
${media.length === 0 ? '' : renderStage(firstPlayer)}
<nav aria-label="Files">
${media.length === 0 ? '' : `<ul>${media.join('\n')}</ul>`}
${others.length === 0 ? '' : `<h2>${media.length === 0 ? 'Files' : 'Other files'}</h2><ul>${others.join('\n')}</ul>`}
${files.length === 0 ? '<p>There is nothing here yet: put a film into the directory, and reload.</p>' : ''}
${isCut ? `<p>There are more files than the ${files.length} listed here; each is served at its path.</p>` : ''}
</nav>
</main>
<script type="module">${SCRIPT}</script>
</body>
</html>
`
}

function renderStage(player: string): string {
  return `<section class="stage" aria-label="Player">
<div id="player"><noscript>${player}</noscript></div>
<p class="caption" aria-live="polite"><strong id="title" dir="auto"></strong> <a id="open" href="" hidden>Open the file</a></p>
<p id="trouble" role="alert" hidden>This browser can't play this file.</p>
</section>`
}

function renderPlayer({ name, href }: ListedFile, kind: Kind, tracks: readonly Track[]): string {
  const attributes = `controls preload="metadata" src="${href}" aria-label="${escapeHtml(name)}"`
  const children = tracks.map(renderTrack).join('')
  return `<${kind} ${attributes}${kind === 'video' ? ' playsinline' : ''}>${children}</${kind}>`
}

function renderTrack({ href, language }: Track): string {
  if (language === '') return `<track kind="captions" label="Captions" src="${href}">`
  const label = escapeHtml(nameOfLanguage(language))
  return `<track kind="subtitles" srclang="${language}" label="${label}" src="${href}">`
}

// The link leads to the file, for who opens it elsewhere or has no script; the script plays it here.
function renderMedium({ name, href, size }: ListedFile, kind: Kind, player: string): string {
  return `<li><a class="${kind}" href="${href}"><span dir="auto">${escapeHtml(name)}</span><small>${formatSize(size)}</small></a><template>${player}</template></li>`
}

function renderOther(file: ListedFile): string {
  return `<li><a href="${file.href}"><span dir="auto">${escapeHtml(file.path)}</span><small>${formatSize(file.size)}</small></a></li>`
}

/** null for what no browser plays by itself. */
function kindOf(name: string): Kind | null {
  const type = mediaType(name) ?? ''
  // MPEG transport streams play through a script only; and .ts is TypeScript's, too.
  if (type.startsWith('video/') && type !== 'video/mp2t') return 'video'
  return type.startsWith('audio/') ? 'audio' : null
}

const LANGUAGE = /\.([a-z]{2,3}(?:-[a-z\d]{2,8})*)$/i

/** Captions by the path of what they belong to, without its extension: film.vtt and film.en.vtt. */
function collectTracks(files: readonly ListedFile[]): Map<string, Track[]> {
  const tracks = new Map<string, Track[]>()
  const add = (path: string, track: Track) => {
    tracks.set(path, [...(tracks.get(path) ?? []), track])
  }
  for (const file of files) {
    if (!/\.vtt$/i.test(file.name)) continue
    const path = stemOf(file.path)
    const language = LANGUAGE.exec(path)?.[1]
    add(path, { href: file.href, language: '' })
    if (language !== undefined) add(stemOf(path), { href: file.href, language })
  }
  return tracks
}

function stemOf(path: string): string {
  return path.replace(/\.[^./]*$/, '')
}

function nameOfLanguage(tag: string): string {
  try {
    return new Intl.DisplayNames('en', { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}

/** In decimal units, with two or three digits. */
function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let amount = bytes
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  return `${amount.toFixed(unit > 0 && amount < 9.95 ? 1 : 0)} ${units[unit]}`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** As entity tags and Content-Security-Policy write it. */
function hash(algorithm: string, text: string): string {
  return `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`
}
