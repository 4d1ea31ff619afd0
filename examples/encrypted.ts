import { type FileSource, readBytes } from 'byteserve'

/** AES works on blocks of so many bytes; in counter mode, each can be decrypted on its own. */
const BLOCK = 16

/** The most that is decrypted at once, in bytes. */
const CHUNK = 256 * 1024

/**
 * A file that is stored encrypted by AES in counter mode, as `openssl enc -aes-256-ctr -K KEY -iv IV`
 * does it; made from a password instead, it would begin with 16 bytes of salt. It has ranges: only the
 * blocks that a range touches are read and decrypted. Its size is that of the encrypted file.
 *
 * AES-CTR hides what a file holds, but does not notice if somebody changed it: for that, check a
 * digest before you serve it. Never encrypt two files with the same key and counter.
 *
 * @param counter that of the first block, 16 bytes: what openssl calls the IV
 */
export function decrypted(source: FileSource, key: CryptoKey, counter: Uint8Array): FileSource {
  return {
    ...source,
    // The digest of the source is that of the encrypted bytes.
    digest: undefined,
    // Its own read, so that no runtime sends the encrypted bytes by a way of its own.
    async read(start, end) {
      const first = start - (start % BLOCK)
      const bytes = await readBytes(source, first, Math.min(end, first + CHUNK))
      const algorithm = { name: 'AES-CTR', counter: add(counter, first / BLOCK), length: 128 }
      const plain = await crypto.subtle.decrypt(algorithm, key, new Uint8Array(bytes))
      return new Uint8Array(plain, start - first)
    },
  }
}

/** A counter some blocks later: a number of 128 bits, the most significant byte first. */
function add(counter: Uint8Array, blocks: number): Uint8Array<ArrayBuffer> {
  const sum = new Uint8Array(counter)
  let carry = blocks
  for (let i = sum.length - 1; i >= 0 && carry > 0; i--) {
    carry += sum[i] ?? 0
    sum[i] = carry % 256
    carry = Math.floor(carry / 256)
  }
  return sum
}
