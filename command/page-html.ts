import { mediaType } from '../adapters/site/media-type.ts'
import { matchTracks, type Track } from './captions.ts'
import type { ListedFile, Listing } from './listing.ts'
import { SCRIPT } from './page-player.ts'
import { STYLE } from './page-style.ts'

/** A file that a browser plays. */
interface Medium extends ListedFile {
  readonly kind: 'video' | 'audio'
  readonly tracks: readonly Track[]
}

/** The page as HTML: the first medium's player, the list of all, and links to the other files. */
export function renderPage({ files, isCut }: Listing): string {
  const media = findMedia(files)
  const [first] = media
  const others = files.filter(({ name }) => kindOf(name) === null)
  const sections = [...groupByFolder(media)].map(([folder, group]) => {
    return renderSection(folder, group.map(renderMedium))
  })
  if (others.length > 0) {
    const title = media.length === 0 ? 'Files' : 'Other files'
    sections.push(renderSection(title, others.map(renderOther)))
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
${first === undefined ? '' : renderStage(first)}
<nav aria-label="Files">
${sections.join('\n')}
${files.length === 0 ? '<p>There is nothing here yet: put a film into the directory, and reload.</p>' : ''}
${isCut ? `<p>There are more files than the ${files.length} listed here; each is served at its path.</p>` : ''}
</nav>
</main>
<script type="module">${SCRIPT}</script>
</body>
</html>
`
}

function findMedia(files: readonly ListedFile[]): Medium[] {
  const tracksOf = matchTracks(files)
  return files.flatMap((file) => {
    const kind = kindOf(file.name)
    return kind === null ? [] : [{ ...file, kind, tracks: tracksOf(file) }]
  })
}

/** Null for what no browser plays by itself. */
function kindOf(name: string): Medium['kind'] | null {
  const type = mediaType(name) ?? ''
  // MPEG transport streams need a script to play, and .ts is TypeScript's extension, too.
  if (type.startsWith('video/') && type !== 'video/mp2t') return 'video'
  return type.startsWith('audio/') ? 'audio' : null
}

function groupByFolder(media: readonly Medium[]): Map<string, Medium[]> {
  const groups = new Map<string, Medium[]>()
  for (const medium of media) {
    const group = groups.get(medium.folder)
    if (group === undefined) groups.set(medium.folder, [medium])
    else group.push(medium)
  }
  return groups
}

function renderStage(medium: Medium): string {
  return `<section class="stage" aria-label="Player">
<div id="player"><noscript>${renderPlayer(medium)}</noscript></div>
<div class="caption"><h1 id="title" dir="auto" aria-live="polite">${escapeHtml(medium.name)}</h1> <a id="open" href="${medium.href}">Open the file</a></div>
<p id="trouble" role="alert" hidden>This browser can't play this file. If it could before, the file or its server is gone.</p>
</section>`
}

/** @param title '' for none */
function renderSection(title: string, items: readonly string[]): string {
  const heading = title === '' ? '' : `<h2 dir="auto">${escapeHtml(title)}</h2>`
  return `<section>${heading}<ul>${items.join('\n')}</ul></section>`
}

// The link is for opening the file elsewhere, or without a script; the script plays it here.
function renderMedium(medium: Medium): string {
  const { kind, name, href, size } = medium
  return `<li><a class="${kind}" href="${href}"><span dir="auto">${escapeHtml(name)}</span><small>${formatSize(size)}</small></a><template>${renderPlayer(medium)}</template></li>`
}

function renderOther({ path, href, size }: ListedFile): string {
  return `<li><a href="${href}"><span dir="auto">${escapeHtml(path)}</span><small>${formatSize(size)}</small></a></li>`
}

function renderPlayer({ kind, name, href, tracks }: Medium): string {
  const attributes = `controls preload="metadata" src="${href}" aria-label="${escapeHtml(name)}"`
  const children = tracks.map(renderTrack).join('')
  return `<${kind} ${attributes}${kind === 'video' ? ' playsinline' : ''}>${children}</${kind}>`
}

function renderTrack({ href, language }: Track): string {
  if (language === '') return `<track kind="captions" label="Captions" src="${href}">`
  const label = escapeHtml(nameOfLanguage(language))
  return `<track kind="subtitles" srclang="${language}" label="${label}" src="${href}">`
}

const languages = new Intl.DisplayNames('en', { type: 'language' })

function nameOfLanguage(tag: string): string {
  try {
    return languages.of(tag) ?? tag
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
