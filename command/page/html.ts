import { lastSegment } from '../../adapters/site/url-path.ts'
import type { Library, Query } from './library.ts'
import { escapeHtml } from './markup.ts'
import { ORDERS } from './order.ts'
import { renderShelf } from './shelf.ts'
import { REQUEST, renderStage, SHORTCUTS, VIEWER } from './stage.ts'

/** What the page needs beside what it shows. */
export interface Frame {
  /** What the root is called. */
  readonly rootName: string
  /** Whether each folder can be had as an archive. */
  readonly hasArchives: boolean
  readonly style: string
  readonly script: string
}

/** The page of a folder. Without a script it is a list of links, with one player. */
export function renderPage(library: Library, frame: Frame): string {
  const { rootName, style, script } = frame
  const { query, media } = library
  const title = query.folder === '' ? rootName : lastSegment(query.folder)
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
${renderShelf(library, frame)}
</nav>
</main>
<p id="status" class="unseen" role="status"></p>
<p id="toast" role="status"></p>
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
