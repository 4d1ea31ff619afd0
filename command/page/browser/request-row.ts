import { formatSize } from '../../../adapters/site/size.ts'
import type { TransferRow } from '../transfers.ts'
import { one } from './dom.ts'
import { askedOf, lengthOf, place, sentOf } from './spans.ts'

/**
 * Draws a request as a row: pale what was asked, solid what was sent, a tick where it broke off. It
 * runs in the browser, from its own source text.
 *
 * @param known the row as it was drawn before
 * @param size of the file
 */
export function renderRow(row: TransferRow, known: Element | null, size: number): Element {
  const { id, at, range, status, state } = row
  const line = known ?? one<HTMLTemplateElement>('#request').content.cloneNode(true).firstChild
  if (!(line instanceof HTMLElement)) throw new Error('Expected the template of a row')
  const sent = sentOf(row)
  line.id = `request-${id}`
  line.dataset.state = state
  line.dataset.sent = String(row.sent)
  line.dataset.range = range ?? ''
  line.dataset.status = `${status}`
  const outcomes = { running: 'running', done: '', aborted: 'hung up', failed: 'failed' }
  const cells = [
    new Date(at).toTimeString().slice(0, 8),
    range === null ? 'all' : range.replace('bytes=', ''),
    `${status}`,
    row.sent === null ? `announced ${formatSize(lengthOf(row))}` : formatSize(row.sent),
    outcomes[state],
  ]
  const texts = line.querySelectorAll('[data-cell]')
  cells.forEach((text, i) => {
    const cell = texts[i]
    if (cell !== undefined && cell.textContent !== text) cell.textContent = text
  })
  place(one('.asked', line), askedOf(row, size), size)
  const part = one('.part', line)
  part.hidden = lengthOf(sent) === 0
  place(part, sent, size)
  part.classList.toggle('announced', row.sent === null)
  const tick = one('.tick', line)
  tick.hidden = state !== 'aborted' && state !== 'failed'
  place(tick, { start: sent.end, end: sent.end }, size)
  return line
}
