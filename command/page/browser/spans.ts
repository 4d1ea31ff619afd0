import type { TransferRow } from '../transfers.ts'

/** Bytes [start, end) of a file. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What was asked for: of what the browser has (a 304), only its Range field tells. */
export function askedOf({ status, range, start, end }: TransferRow, size: number): Span {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  if (status !== 304 || first === undefined) return { start, end }
  return { start: Number(first), end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

/** What was sent of the file; where that is not known, what was announced. */
export function sentOf({ start, end, sent }: TransferRow): Span {
  return { start, end: sent === null ? end : Math.min(end, start + sent) }
}

/** Spans that overlap or touch as one. */
export function merge(spans: readonly Span[]): Span[] {
  const merged: { start: number; end: number }[] = []
  const inOrder = spans.filter((span) => lengthOf(span) > 0).sort((a, b) => a.start - b.start)
  for (const { start, end } of inOrder) {
    const last = merged.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

export function lengthOf({ start, end }: Span): number {
  return end - start
}

/** Puts an element where the bytes are, of a line that is the whole file. */
export function place(element: HTMLElement, { start, end }: Span, size: number): void {
  // What lies at the very end is seen, too.
  element.style.insetInlineStart = `min(${(100 * start) / size}%, 100% - 3px)`
  element.style.width = `${(100 * (end - start)) / size}%`
}
