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
