import { formatSize } from '../../adapters/site/size.ts'
import type { Item } from './item.ts'
import type { Query } from './library.ts'
import { escapeHtml, hrefOf, prefixOf } from './markup.ts'
import { toTrackList } from './track-list.ts'

// The link is for opening the file elsewhere, or without a script; the script plays it here.
export function renderMedium(item: Item, query: Query): string {
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

export function renderPicture({ path, title }: Item, query: Query): string {
  const href = hrefOf(path, query)
  return `<li><a class="picture" href="${href}"><img src="${href}" alt="${escapeHtml(title)}" loading="lazy" decoding="async"></a></li>`
}

export function renderOther({ path, name, size }: Item, query: Query): string {
  const kind = /\.pdf$/i.test(name) ? ' class="pdf"' : ''
  const shown = query.words === '' ? name : path.slice(prefixOf(query).length)
  return `<li><a${kind} href="${hrefOf(path, query)}"><span class="name" dir="auto">${escapeHtml(shown)}</span><small>${renderSize(size)}</small></a></li>`
}

function renderSize(size: number | null): string {
  return size === null ? '' : formatSize(size)
}
