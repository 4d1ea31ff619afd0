import { escapeAll, MAX_LENGTH, onOneLine, shorten } from '../../adapters/check/escape.ts'
import { parseTarget, plainPath } from '../../adapters/site/url-path.ts'
import type { Served } from '../../src/served.ts'
import { plainAddress } from '../address.ts'
import { messageOf } from '../failure.ts'

/**
 * A line of the request log: the time, the client, the method, the path, the range asked for, the
 * status, the bytes that were really sent, how long it took, and what went wrong. Where the runtime
 * takes the whole body and does not say what became of it, the bytes are the announced ones, and
 * the line says so.
 *
 * Nothing in a request can break out of its column, let alone of the line.
 *
 * @param client its IP address; null leaves the column out, where every client is this machine
 *
 * @example
 * formatServed(served, new Date(), null)
 * // '20:31:05  GET  /film.mp4  bytes=0-  206  670871 B  12 ms  aborted', in columns
 */
export function formatServed(served: Served, now: Date, client: string | null): string {
  const { request, status, headers, sent, duration } = served
  const length = sent === null ? `announced ${headers['content-length'] ?? 0} B` : `${sent} B`
  const columns = [
    clockAt(now),
    client === null ? null : plainAddress(client).padEnd(15),
    inColumn(request.method).padEnd(7),
    inColumn(targetOf(request.url)).padEnd(28),
    inColumn(request.headers.get('range') ?? '-').padEnd(16),
    status,
    length.padStart(20),
    formatDuration(duration).padStart(8),
    outcomeOf(served),
  ]
  // `join` copies. With `+`, V8 would keep all parts alive until the line is written.
  return columns.filter((column) => column !== null).join('  ')
}

/** The path and the query of a URL; all of it if it is none. */
function targetOf(url: string): string {
  const plain = plainPath(url)
  if (plain !== undefined) return plain
  const target = parseTarget(url)
  return target === null ? url : target.pathname + target.search
}

let second = Number.NaN
let clock = ''

/** The time in this zone, such as `20:31:05`: made once a second, for making it takes a while. */
function clockAt(now: Date): string {
  const current = Math.floor(now.getTime() / 1000)
  if (current !== second) {
    second = current
    clock = now.toTimeString().slice(0, 8)
  }
  return clock
}

function outcomeOf({ aborted, error }: Served): string | null {
  if (error !== undefined) return `failed: ${onOneLine(messageOf(error))}`
  return aborted ? 'aborted' : null
}

function formatDuration(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.round(ms)} ms`
}

const VISIBLE = new RegExp(`^[!-~]{0,${MAX_LENGTH}}$`)

/** Escapes all but visible ASCII: spaces separate the columns. */
function inColumn(text: string): string {
  return VISIBLE.test(text) ? text : escapeAll(shorten(text), /[^!-~]/gu)
}
