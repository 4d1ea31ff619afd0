import { lastSegment } from '../../adapters/site/url-path.ts'
import type { Frame } from './html.ts'
import type { Item } from './item.ts'
import type { Library, Query } from './library.ts'
import { renderMedium, renderOther, renderPicture } from './links.ts'
import { escapeHtml, hrefOf, prefixOf } from './markup.ts'

/** All that the folder holds. The script takes it from another page without leaving this one. */
export function renderShelf(library: Library, frame: Pick<Frame, 'hasArchives'>): string {
  const { query, folders, media, pictures, others, pages, isCut } = library
  const parts = [
    `<div id="counts"><span>${renderCounts(library)}</span> <div>${renderWhole(library, frame)}</div></div>`,
    renderFolders(folders, query),
    ...Array.from(groupsOf(media, query), ([group, items]) => {
      return renderSection(
        group,
        'media',
        items.map((item) => renderMedium(item, query)),
      )
    }),
    renderSection(
      media.length + others.length === 0 ? '' : 'Pictures',
      'pictures',
      pictures.map((item) => renderPicture(item, query)),
    ),
    renderSection(
      media.length + pictures.length === 0 ? '' : 'Other files',
      'others',
      others.map((item) => renderOther(item, query)),
    ),
    renderEmptiness(library),
    isCut ? '<p>There are more files than can be shown here: open a folder, or filter.</p>' : '',
    renderPages(query, pages),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function renderCounts({ counts }: Library): string {
  const kinds: readonly (readonly [number, string, string])[] = [
    [counts.video, 'video', 'videos'],
    [counts.audio, 'song', 'songs'],
    [counts.picture, 'picture', 'pictures'],
    [counts.other, 'other', 'others'],
  ]
  const texts = kinds.flatMap(([count, one, many]) => {
    return count === 0 ? [] : [`${formatCount(count)} ${count === 1 ? one : many}`]
  })
  return texts.join(', ')
}

/**
 * The playlist and the archive of all that is in the folder, whatever is shown of it. The archive
 * is a form and not a link: programs that follow all links would get each file again for every
 * folder above it.
 */
function renderWhole(
  { counts, media, query }: Library,
  { hasArchives }: Pick<Frame, 'hasArchives'>,
): string {
  if (query.words !== '') return ''
  const name = escapeHtml(lastSegment(query.folder) || 'All')
  const playlist = `<a href="?playlist" referrerpolicy="same-origin" download="${name}.m3u8">Playlist</a>`
  const archive = '<form><button name="zip">All as ZIP</button></form>'
  const isEmpty = Object.values(counts).every((count) => count === 0)
  const ways = [media.length > 0 ? playlist : '', hasArchives && !isEmpty ? archive : '']
  return ways.filter((way) => way !== '').join(' ')
}

function renderFolders(folders: readonly string[], query: Query): string {
  if (folders.length === 0) return ''
  const links = folders.map((path) => {
    const name = path.slice(prefixOf(query).length)
    return `<li><a href="${hrefOf(path, query)}/"><span dir="auto">${escapeHtml(name)}</span></a></li>`
  })
  return `<section class="folders" aria-label="Folders"><ul>${links.join('')}</ul></section>`
}

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
  if (items.length === 0) return ''
  const heading = title === '' ? '' : `<h2 dir="auto">${escapeHtml(title)}</h2>`
  return `<section class="${kind}">${heading}<ul>${items.join('\n')}</ul></section>`
}

/** With spaces between the thousands, which do not break: `5 000`. */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, '\u00a0')
}
