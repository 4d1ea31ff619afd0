import { onOneLine } from '../../adapters/check/escape.ts'
import { toJsonLine } from './json.ts'
import type { Style } from './request-log.ts'

/**
 * A line of the log that is about no request: JSON, where the others are.
 *
 * @example
 * formatNotice('worker 2 ended', 'json', new Date())
 * // '{"time":"2026-11-30T…","notice":"worker 2 ended"}'
 */
export function formatNotice(notice: string, format: Style['format'], now: Date): string {
  return format === 'json' ? toJsonLine({ time: now.toISOString(), notice }) : onOneLine(notice)
}
