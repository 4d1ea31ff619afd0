import { encodeSegment } from '../../adapters/site/url-path.ts'
import type { Query } from './library.ts'

/** Relative to the page: whatever serves the page under another path need not know of it. */
export function hrefOf(path: string, query: Query): string {
  return path.slice(prefixOf(query).length).split('/').map(encodeSegment).join('/')
}

/** What all paths in the folder begin with. */
export function prefixOf({ folder }: Query): string {
  return folder === '' ? '' : `${folder}/`
}

/** Text as it stands in HTML, in attributes as well. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
