import type { Item } from './item.ts'
import type { Query } from './library.ts'
import { escapeHtml, hrefOf } from './markup.ts'
import { renderTrack, toTrackList } from './track-list.ts'

/** The player, what belongs to it, and the range map; hidden until there is something to play. */
export function renderStage(first: Item | undefined, query: Query): string {
  const player = first === undefined ? '' : `<noscript>${renderPlayer(first, query)}</noscript>`
  return `<section id="stage" aria-label="Player"${first === undefined ? ' hidden' : ''}>
<div id="screen">
<div id="player">${player}</div>
<div id="bar" role="img" aria-label="The file" hidden><div class="announced"></div><div class="sent"></div><div class="index"></div><div class="buffer"></div><div class="head"></div></div>
</div>
<div id="caption">
<h2 id="title" dir="auto" aria-live="polite">${escapeHtml(first?.title ?? '')}</h2>
<p id="about" dir="auto"></p>
<div id="tools" hidden>
<button id="resumed" type="button" hidden></button>
<label><span class="unseen">Speed</span> <select id="speed">${SPEEDS}</select></label>
<a id="download" download${first === undefined ? '' : ` href="${hrefOf(first.path, query)}"`}>Download</a>
<button id="copy" type="button">Copy address</button>
<button id="help" type="button" aria-keyshortcuts="?" aria-label="Keyboard shortcuts">?</button>
</div>
</div>
<p id="trouble" role="alert" hidden></p>
<ol id="chapters" aria-label="Chapters" hidden></ol>
<div id="map" role="group" aria-label="What was asked of the file" hidden>
<p><span id="sum"></span><span class="legend" aria-hidden="true"><span class="of-rows"><i class="asked"></i>asked</span><span><i class="sent"></i>sent</span><span id="guessed" hidden><i class="announced"></i>announced</span><span><i class="buffer"></i>buffered</span><span id="indexed" hidden><i class="index"></i>index</span></span></p>
<p id="note"></p>
<details><summary>The last requests</summary>
<table><thead><tr><th scope="col">Time</th><th scope="col">Bytes asked</th><th scope="col">Status</th><th scope="col">Sent</th><th scope="col"><span class="unseen">Outcome</span></th><td aria-hidden="true"></td></tr></thead><tbody id="requests"></tbody></table>
</details>
</div>
</section>`
}

const SPEEDS = ['0.5', '0.75', '1', '1.25', '1.5', '1.75', '2']
  .map((speed) => `<option value="${speed}"${speed === '1' ? ' selected' : ''}>${speed}×</option>`)
  .join('')

/** A row of the range map, for the script. */
export const REQUEST =
  '<template id="request"><tr><td data-cell></td><td data-cell></td><td data-cell></td><td data-cell></td><td data-cell></td><td aria-hidden="true"><div class="line"><i class="asked"></i><i class="part"></i><i class="tick"></i></div></td></tr></template>'

/** Where pictures and PDFs are shown. */
export const VIEWER = `<dialog id="viewer" aria-label="Viewer">
<div class="frame"></div>
<p><span class="name" dir="auto"></span> <span class="row"><a class="open" href="./">Open the file</a> <button type="button" class="previous"><span>Previous</span></button> <button type="button" class="next"><span>Next</span></button> <button type="button" class="close" autofocus>Close</button></span></p>
</dialog>`

const KEYS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['Space', 'K'], 'play or pause'],
  [['←', '→'], '5 seconds back or on'],
  [['J', 'L'], '10 seconds back or on'],
  [['↑', '↓'], 'louder or softer'],
  [['M'], 'mute'],
  [['F'], 'full screen'],
  [['C'], 'captions'],
  [['<', '>'], 'slower or faster'],
  [['N', 'P'], 'next or previous'],
  [['/'], 'filter'],
  [['?'], 'these shortcuts'],
]

export const SHORTCUTS: string = `<dialog id="shortcuts" aria-labelledby="shortcuts-title">
<h2 id="shortcuts-title">Keyboard shortcuts</h2>
<dl>${KEYS.map(([keys, does]) => `<div><dt>${keys.map((key) => `<kbd>${escapeHtml(key)}</kbd>`).join(' ')}</dt><dd>${does}</dd></div>`).join('')}</dl>
<form method="dialog"><label><input id="letters" type="checkbox" checked> Use letters and signs</label> <button autofocus>Close</button></form>
</dialog>`

function renderPlayer({ kind, title, path, tracks, poster }: Item, query: Query): string {
  const attributes = `controls preload="metadata" src="${hrefOf(path, query)}" aria-label="${escapeHtml(title)}"`
  const children = toTrackList(tracks, query).map(renderTrack).join('')
  if (kind === 'audio') return `<audio ${attributes}>${children}</audio>`
  const image = poster === null ? '' : ` poster="${hrefOf(poster, query)}"`
  return `<video ${attributes}${image} playsinline>${children}</video>`
}
