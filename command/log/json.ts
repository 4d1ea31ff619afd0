import type { Served } from '../../src/served.ts'
import { plainAddress } from '../address.ts'
import { withoutOrigin } from '../authority.ts'
import { messageOf } from '../failure.ts'

/**
 * A line of the request log for programs: JSON. `sent` is null where the runtime does not tell how
 * much was sent; `announced` is then all that is known.
 *
 * @example
 * formatJson(served, new Date(), '127.0.0.1')
 * // '{"time":"2026-11-30T…","client":"127.0.0.1","method":"GET","url":"/film.mp4", … }'
 */
export function formatJson(served: Served, now: Date, client: string): string {
  const { request, status, headers, sent, duration, aborted, error } = served
  const length = headers['content-length']
  return toJsonLine({
    time: now.toISOString(),
    client: plainAddress(client),
    method: request.method,
    url: withoutOrigin(request.url),
    range: request.headers.get('range'),
    status,
    announced: length === undefined ? null : Number(length),
    sent,
    duration: Math.round(duration),
    aborted,
    error: error === undefined ? null : messageOf(error),
  })
}

/** One line, in ASCII: a terminal may show it, and parts of it were written by clients. */
export function toJsonLine(value: object): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
