import { formatSize } from '../../../adapters/site/size.ts'
import type { FileFacts } from '../facts.ts'
import type { TransferRow } from '../transfers.ts'
import { one } from './dom.ts'
import { renderRow } from './request-row.ts'
import { lengthOf, merge, place, type Span, sentOf } from './spans.ts'

export interface RangeMap {
  /** Shows the requests for another file. */
  follow(medium: HTMLMediaElement): void
}

/**
 * The range map: a bar that is the whole file, and what was asked of it and sent. It runs in the
 * browser, from its own source text.
 *
 * @param view this page's name, which the addresses of what it plays carry
 */
export function startRangeMap(view: string): RangeMap {
  /** After how long a server is asked again that was not there, at first and at last, in ms. */
  const PAUSE = 3000
  const LONGEST_PAUSE = 60_000

  const map = one('#map')
  const bar = one('#bar')
  const rows = new Map<number, TransferRow>()
  let facts: FileFacts = { size: 0, layout: null, note: '' }
  let medium: HTMLMediaElement | null = null
  let events: EventSource | null = null
  let whenAgain: ReturnType<typeof setTimeout> | undefined
  let pause = PAUSE
  let isDue = false

  // A tab in the background needs no connection, of which a browser has six for a host.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hangUp()
    else if (medium !== null) listen(medium)
  })

  return {
    follow(next) {
      hangUp()
      rows.clear()
      facts = { size: 0, layout: null, note: '' }
      medium = next
      for (const name of ['timeupdate', 'progress', 'loadedmetadata', 'seeking', 'emptied']) {
        next.addEventListener(name, plan)
      }
      listen(next)
      plan()
    },
  }

  function listen(to: HTMLMediaElement): void {
    hangUp()
    // By its own path: a proxy may have this server below one of its own.
    const { pathname } = new URL(to.src)
    const source = new EventSource(`${pathname}?events=${view}`)
    events = source
    source.addEventListener('file', ({ data }) => {
      facts = JSON.parse(data)
      pause = PAUSE
      // What does run is told next; the rest ended unheard, with the server perhaps.
      for (const [id, row] of rows) {
        if (row.state === 'running') rows.set(id, { ...row, state: 'aborted' })
      }
      one('#note').textContent = facts.note
      plan()
    })
    source.addEventListener('requests', ({ data }) => {
      const changed: TransferRow[] = JSON.parse(data)
      for (const row of changed) rows.set(row.id, row)
      plan()
    })
    source.addEventListener('error', () => {
      // A browser asks again by itself, but not after the 502 of a proxy.
      const isOver = source.readyState === source.CLOSED
      if (isOver && facts.size > 0) listenLater(to)
    })
  }

  /** Once the file is there, unless it is gone or refused. */
  function listenLater(to: HTMLMediaElement): void {
    whenAgain = setTimeout(async () => {
      const last = events
      const status = await fetch(new URL(to.src).pathname, { method: 'HEAD' }).then(
        (response) => response.status,
        () => null,
      )
      if (events !== last) return
      if (status === null || status >= 500) listenLater(to)
      else if (status < 400) listen(to)
    }, pause)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }

  function hangUp(): void {
    clearTimeout(whenAgain)
    events?.close()
    events = null
  }

  /** Draws once before the next frame, however much happens until then. */
  function plan(): void {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      draw()
    })
  }

  function draw(): void {
    const { size, layout } = facts
    bar.hidden = size === 0
    map.hidden = size === 0
    if (size === 0) return
    const all = [...rows.values()].sort((a, b) => a.id - b.id)
    const known = all.filter(({ sent }) => sent !== null).map(sentOf)
    const announced = all.filter(({ sent }) => sent === null).map(sentOf)
    layer('.announced', merge(announced))
    layer('.sent', merge(known))
    layer('.index', layout === null ? [] : [layout.index])
    layer('.buffer', merge(buffered()))
    one('#indexed').hidden = layout === null
    one('#guessed').hidden = announced.length === 0
    const at = playhead()
    one('.head', bar).style.insetInlineStart = `${(100 * at) / size}%`
    describe(all, at)
    const { children } = one('#requests')
    one('#requests').replaceChildren(
      ...all.slice(-6).map((row) => renderRow(row, children.namedItem(`request-${row.id}`), size)),
    )
  }

  function describe(all: readonly TransferRow[], at: number): void {
    const { size, layout } = facts
    const isExact = all.every(({ sent }) => sent !== null)
    const total = all.reduce((sum, row) => sum + lengthOf(sentOf(row)), 0)
    const verb = isExact ? 'sent' : 'announced or sent'
    const count = `${all.length} ${all.length === 1 ? 'request' : 'requests'}`
    one('#sum').textContent =
      `${count}: ${formatSize(total)} ${verb}; the file has ${formatSize(size)}`
    map.dataset.sent = String(total)
    map.dataset.requests = String(all.length)
    const index = layout === null ? '' : `; its index is at ${percent(layout.index.start)}`
    const held = merge(all.map(sentOf)).reduce((sum, span) => sum + lengthOf(span), 0)
    bar.setAttribute(
      'aria-label',
      `The file as a bar of ${formatSize(size)}: ${percent(held)} of it was ${verb}, played at ${percent(at)}${index}`,
    )
  }

  function layer(selector: string, spans: readonly Span[]): void {
    const parent = one(selector, bar)
    while (parent.children.length > spans.length) parent.lastElementChild?.remove()
    while (parent.children.length < spans.length) parent.append(document.createElement('i'))
    spans.forEach((span, i) => {
      const child = parent.children[i]
      if (child instanceof HTMLElement) place(child, span, facts.size)
    })
  }

  function buffered(): Span[] {
    const ranges = medium?.buffered
    return Array.from({ length: ranges?.length ?? 0 }, (_, i) => ({
      start: byteAt(ranges?.start(i) ?? 0),
      end: byteAt(ranges?.end(i) ?? 0),
    }))
  }

  function playhead(): number {
    return byteAt(medium?.currentTime ?? 0)
  }

  /** As if every second took the same number of bytes: only the browser knows better. */
  function byteAt(time: number): number {
    const { start, end } = facts.layout?.media ?? { start: 0, end: facts.size }
    const duration = medium?.duration ?? 0
    return duration > 0 && Number.isFinite(duration)
      ? start + (time / duration) * (end - start)
      : start
  }

  function percent(position: number): string {
    return `${Math.round((100 * position) / facts.size)} %`
  }
}
