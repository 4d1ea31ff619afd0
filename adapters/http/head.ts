import type { ByteRange } from '../../src/range.ts'
import { isEntityTag, parseHttpDate } from '../../src/validators.ts'

/** What the head of a response says about a file. */
export interface Head {
  /** Complete length in bytes; null where it isn't told. */
  readonly size: number | null
  readonly etag: string | undefined
  readonly lastModified: Date | undefined
  /** The bytes that the body holds; null where that isn't told, or where it is no one range. */
  readonly range: ByteRange | null
  readonly headers: Headers
}

/** A head that tells the size: with its validators, one version of a file. */
export type VersionHead = Head & { readonly size: number }

/** Reads the head of a 200, a 206 or a 416. */
export function readHead({ status, headers }: Response): Head {
  const tag = headers.get('etag') ?? ''
  const date = parseHttpDate(headers.get('last-modified') ?? '', Date.now())
  return {
    etag: isEntityTag(tag) ? tag : undefined,
    lastModified: date === null ? undefined : new Date(date),
    headers,
    ...(status === 200 ? readWhole(headers) : readPart(headers)),
  }
}

function readWhole(headers: Headers): Pick<Head, 'size' | 'range'> {
  const size = readLength(headers)
  return { size, range: size === null ? null : { start: 0, end: size } }
}

/** What Content-Range says of a file, and of the part that a body holds. */
export function readPart(headers: Headers): Pick<Head, 'size' | 'range'> {
  const value = headers.get('content-range') ?? ''
  const match = /^bytes (?:(\d{1,15})-(-?\d{1,15})|\*)\/(\d{1,15}|\*)$/i.exec(value)
  if (match === null) return { size: null, range: null }
  const [, first, last, total] = match
  const size = total === '*' ? null : Number(total)
  if (first === undefined) return { size, range: null }
  const [start, end] = [Number(first), Number(last) + 1]
  // Of an empty object, MinIO says `bytes 0--1/0`. Some say `/0` of a size that they don't know.
  if (size === 0) return { size: end > 0 ? null : size, range: null }
  const length = readLength(headers) ?? end - start
  const isSound = start < end && end <= (size ?? Infinity) && length === end - start
  return { size, range: isSound ? { start, end } : null }
}

/** The complete length that Content-Range tells, be it of a 206 or a 416; null if it tells none. */
export function readTotal(headers: Headers): number | null {
  const [, total] = /\/(\d{1,15})$/.exec(headers.get('content-range') ?? '') ?? []
  return total === undefined ? null : Number(total)
}

/**
 * The length of a body; null where it isn't told. Where the transfer coding says where it ends,
 * Content-Length counts for nothing (RFC 9112 §6.3).
 */
export function readLength(headers: Headers): number | null {
  if (headers.has('transfer-encoding')) return null
  const value = headers.get('content-length') ?? ''
  return /^\d{1,15}$/.test(value) ? Number(value) : null
}

/** Whether two heads are of the same version, as far as their validators tell. */
export function isSameVersion(a: VersionHead, b: Head): boolean {
  if (b.size !== null && b.size !== a.size) return false
  if (a.etag !== undefined || b.etag !== undefined) return a.etag === b.etag
  return a.lastModified?.getTime() === b.lastModified?.getTime()
}
