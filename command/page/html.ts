import { formatSize } from './format.ts'
import type { Item } from './item.ts'
import type { Library, Query } from './library.ts'
import { escapeHtml, hrefOf, prefixOf } from './markup.ts'
import { ORDERS } from './order.ts'
import { nameOf } from './paths.ts'
import { REQUEST, renderStage, SHORTCUTS, toTrackList, VIEWER } from './stage.ts'

/** What the page needs beside what it shows. */
export interface Frame {
  /** What the root is called. */
  readonly rootName: string
  readonly style: string
  readonly script: string
}

/** The page of a folder. Without a script it is a list of links, with one player. */
export function renderPage(library: Library, { rootName, style, script }: Frame): string {
  const { query, media } = library
  const title = query.folder === '' ? rootName : nameOf(query.folder)
  const [first] = media
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<a class="skip" href="#shelf">To the files</a>
${renderPlace(query, rootName)}
${renderSearch(query)}
</header>
<main>
${renderStage(first, query)}
<nav id="shelf" aria-label="Files" tabindex="-1">
${renderShelf(library)}
</nav>
</main>
<p id="status" class="unseen" role="status"></p>
${VIEWER}
${SHORTCUTS}
${REQUEST}
<script type="module">${script}</script>
</body>
</html>
`
}

/** The way from the root to the folder. */
function renderPlace({ folder }: Query, rootName: string): string {
  const segments = folder === '' ? [] : folder.split('/')
  const names = [rootName, ...segments]
  const steps = names.map((name, i) => {
    const href = '../'.repeat(names.length - 1 - i) || './'
    const text = `<span dir="auto">${escapeHtml(name)}</span>`
    const isHere = i === names.length - 1
    return isHere
      ? `<li><h1><a href="./" aria-current="page">${text}</a></h1></li>`
      : `<li><a href="${href}">${text}</a></li>`
  })
  return `<nav id="place" aria-label="Folder"><ol>${steps.join('')}</ol></nav>`
}

function renderSearch({ words, order }: Query): string {
  const options = ORDERS.map((name) => {
    return `<option value="${name}"${name === order ? ' selected' : ''}>By ${name}</option>`
  })
  return `<form id="search" role="search">
<input id="words" name="q" type="search" value="${escapeHtml(words)}" placeholder="Filter" aria-label="Filter" aria-keyshortcuts="/" autocomplete="off" spellcheck="false">
<select id="order" name="sort" aria-label="Order">${options.join('')}</select>
<noscript><button>Show</button></noscript>
</form>`
}

/** All that the folder holds. The script takes it from another page without leaving this one. */
export function renderShelf(library: Library): string {
  const { query, folders, media, pictures, others, pages, isCut } = library
  const parts = [
    `<p id="counts">${renderCounts(library)}</p>`,
    renderFolders(folders),
    ...Array.from(groupsOf(media, query), ([group, items]) => {
      return renderSection(
        group,
        'media',
        items.map((item) => renderMedium(item, query)),
      )
    }),
    pictures.length === 0
      ? ''
      : renderSection(
          'Pictures',
          'pictures',
          pictures.map((item) => renderPicture(item, query)),
        ),
    others.length === 0
      ? ''
      : renderSection(
          media.length + pictures.length === 0 ? 'Files' : 'Other files',
          'others',
          others.map((item) => renderOther(item, query)),
        ),
    renderEmptiness(library),
    isCut ? '<p>There are more files than can be shown here: open a folder, or filter.</p>' : '',
    renderPages(query, pages),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function renderCounts({ counts, media, query }: Library): string {
  const kinds: readonly (readonly [number, string, string])[] = [
    [counts.video, 'video', 'videos'],
    [counts.audio, 'song', 'songs'],
    [counts.picture, 'picture', 'pictures'],
    [counts.other, 'other', 'others'],
  ]
  const texts = kinds.flatMap(([count, one, many]) => {
    return count === 0 ? [] : [`${formatCount(count)} ${count === 1 ? one : many}`]
  })
  const playlist =
    media.length === 0 || query.words !== ''
      ? ''
      : ` <a href="?playlist" download="${escapeHtml(nameOf(query.folder) || 'All')}.m3u8">Playlist</a>`
  return `<span>${texts.join(', ')}</span>${playlist}`
}

function renderFolders(folders: readonly string[]): string {
  if (folders.length === 0) return ''
  const links = folders.slice(0, MAX_FOLDERS).map((name) => {
    return `<li><a href="${encodeURIComponent(name)}/"><span dir="auto">${escapeHtml(name)}</span></a></li>`
  })
  const more = folders.length - links.length
  const rest = more > 0 ? `<li class="more">and ${formatCount(more)} more</li>` : ''
  return `<section class="folders" aria-label="Folders"><ul>${links.join('')}${rest}</ul></section>`
}

const MAX_FOLDERS = 100

function renderEmptiness({ query, media, pictures, others, folders, counts }: Library): string {
  if (media.length + pictures.length + others.length + folders.length > 0) return ''
  if (query.words !== '') return `<p>Nothing here is called “${escapeHtml(query.words)}”.</p>`
  const all = counts.video + counts.audio + counts.picture + counts.other
  return all > 0 ? '' : '<p>There is nothing here yet: put a film into the folder, and reload.</p>'
}

function renderPages(query: Query, pages: number): string {
  if (pages === 1) return ''
  const { page } = query
  const to = (number: number, text: string, relation: string) => {
    return `<a rel="${relation}" href="${escapeHtml(toSearch({ ...query, page: number }))}">${text}</a>`
  }
  const previous = page > 1 ? to(page - 1, 'Previous page', 'prev') : ''
  const next = page < pages ? to(page + 1, 'Next page', 'next') : ''
  return `<p id="pages">${previous} <span>Page ${page} of ${pages}</span> ${next}</p>`
}

/** A query as it stands in a URL. */
function toSearch({ words, order, page }: Query): string {
  const search = new URLSearchParams()
  if (words !== '') search.set('q', words)
  if (order !== 'name') search.set('sort', order)
  if (page > 1) search.set('page', String(page))
  return `?${search}`
}

/** By date and by size, all are one group. */
function groupsOf(items: readonly Item[], { order }: Query): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = order === 'name' ? item.group : ''
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}

/** @param title '' for none */
function renderSection(title: string, kind: string, items: readonly string[]): string {
  const heading = title === '' ? '' : `<h2 dir="auto">${escapeHtml(title)}</h2>`
  return `<section class="${kind}">${heading}<ul>${items.join('\n')}</ul></section>`
}

// The link is for opening the file elsewhere, or without a script; the script plays it here.
function renderMedium(item: Item, query: Query): string {
  const { kind, path, title, episode, poster, tracks, size } = item
  const facts = [
    ...(tracks.length > 0
      ? [`data-tracks="${escapeHtml(JSON.stringify(toTrackList(tracks, query)))}"`]
      : []),
    ...(poster !== null ? [`data-poster="${hrefOf(poster, query)}"`] : []),
  ]
  const number = episode === null ? '' : `<b>${episode.number}</b>`
  const group = query.order === 'name' || item.group === '' ? '' : `${escapeHtml(item.group)} · `
  return `<li><a class="${kind}" href="${hrefOf(path, query)}"${facts.map((fact) => ` ${fact}`).join('')}><span class="thumb"></span>${number}<span class="name" dir="auto">${escapeHtml(title)}</span><small>${group}${renderSize(size)}</small></a></li>`
}

function renderPicture({ path, title }: Item, query: Query): string {
  const href = hrefOf(path, query)
  return `<li><a class="picture" href="${href}"><img src="${href}" alt="${escapeHtml(title)}" loading="lazy" decoding="async"></a></li>`
}

function renderOther({ path, name, size }: Item, query: Query): string {
  const kind = /\.pdf$/i.test(name) ? ' class="paper"' : ''
  const shown = query.words === '' ? name : path.slice(prefixOf(query).length)
  return `<li><a${kind} href="${hrefOf(path, query)}"><span class="name" dir="auto">${escapeHtml(shown)}</span><small>${renderSize(size)}</small></a></li>`
}

function renderSize(size: number | null): string {
  return size === null ? '' : formatSize(size)
}

/** With spaces between the thousands, which do not break: `5 000`. */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, '\u00a0')
}
