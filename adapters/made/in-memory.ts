import type { FileSource } from '../../src/source.ts'

/** Bytes as a source. */
export function inMemory(bytes: Uint8Array): FileSource {
  return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) }
}
