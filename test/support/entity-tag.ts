import { createHash } from 'node:crypto'

const KIB = 1024

/** The strong tag that a local file of these bytes has. */
export function tagOf(bytes: Uint8Array, modified: number): string {
  const isSmall = bytes.length <= 1024 * KIB
  const samples = [1, 2, 3, 4, 5, 6, 7].map((eighth) => {
    const middle = Math.floor((bytes.length / 8) * eighth)
    return bytes.subarray(middle - 2 * KIB, middle + 2 * KIB)
  })
  const some = [bytes.subarray(0, 64 * KIB), ...samples, bytes.subarray(-64 * KIB)]
  const time = isSmall ? '' : `${modified.toString(16)}-`
  return `"${bytes.length.toString(16)}-${time}${checksum(isSmall ? [bytes] : some)}"`
}

export function checksum(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('base64url').slice(0, 16)
}
