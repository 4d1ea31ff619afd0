import type { FileSource } from '../../src/source.ts'

/** Bytes as a source. */
export function inMemory(bytes: Uint8Array): FileSource {
  return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) }
}

/** The bytes [start, end) of a source as one. */
export function sliced(
  source: Pick<FileSource, 'read'>,
  start: number,
  end: number,
): Pick<FileSource, 'size' | 'read'> {
  return {
    size: end - start,
    read: (from, to, into) => source.read(start + from, start + to, into),
  }
}

/** Whether two arrays hold the same bytes. */
export function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}

/** Bytes of a file that were read, and where they are from. */
export interface Window {
  readonly start: number
  readonly bytes: Uint8Array
}

/** Null if the window does not hold all of it. */
export function partOf({ start, bytes }: Window, at: number, length: number): Uint8Array | null {
  const first = at - start
  return first >= 0 && first + length <= bytes.length ? bytes.subarray(first, first + length) : null
}

export function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}
