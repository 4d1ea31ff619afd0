import type { Part } from '../../adapters/concat.ts'
import { type CountingSource, countingSource, type Deviation } from './counting-source.ts'

/** A part in memory that keeps all sources that it opened. */
export interface CountingPart extends Part {
  readonly opened: CountingSource[]
}

export function countingPart(bytes: Uint8Array, deviation: Deviation = {}): CountingPart {
  const { size = bytes.length, etag = '"a"', lastModified } = deviation
  const opened: CountingSource[] = []
  return {
    size,
    etag,
    lastModified,
    opened,
    open() {
      const source = countingSource(bytes, { etag, ...deviation })
      opened.push(source)
      return source
    },
  }
}

/** How often each source of parts was closed, for those that were not closed exactly once. */
export function notClosedOnce(parts: readonly CountingPart[]): number[] {
  return parts.flatMap(({ opened }) => opened.map(({ closes }) => closes)).filter((n) => n !== 1)
}
