import type { Digests } from '../../src/source.ts'
import type { FileTree } from '../site/tree.ts'
import type { R2BucketLike, R2ChecksumsLike } from './binding.ts'

/** What the names of R2 are in RFC 9530. */
const ALGORITHMS = [
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
  ['sha', 'sha1'],
  ['md5', 'md5'],
] as const

/** The digests of an object, if a client asks for one. */
export function digestsOf(checksums: R2ChecksumsLike | undefined): (() => Digests) | undefined {
  if (checksums === undefined) return undefined
  return () => {
    const digests: Record<string, Uint8Array> = {}
    for (const [name, key] of ALGORITHMS) {
      const bytes = checksums[key]
      if (bytes !== undefined) digests[name] = new Uint8Array(bytes)
    }
    return digests
  }
}

/** Lists the folders of a bucket; undefined if the binding can't. */
export function listingOf(bucket: R2BucketLike, root: string): FileTree['list'] {
  const list = bucket.list?.bind(bucket)
  if (list === undefined) return undefined
  return async function* (path) {
    const prefix = path === '' ? root : `${root}${path}/`
    let next: { cursor?: string } = {}
    const folders = new Set<string>()
    for (;;) {
      const listed = await list({ prefix, delimiter: '/', ...next })
      for (const folder of listed.delimitedPrefixes) {
        // A page of the list may repeat a folder of the page before.
        if (folders.has(folder)) continue
        folders.add(folder)
        yield { name: folder.slice(prefix.length, -1), kind: 'directory' }
      }
      for (const { key, size, uploaded, httpEtag } of listed.objects) {
        // Some tools store an empty object for a folder.
        const name = key.slice(prefix.length)
        if (name === '') continue
        yield { name, kind: 'file', size, lastModified: uploaded, version: httpEtag }
      }
      if (!listed.truncated) return
      if (!listed.cursor || listed.cursor === next.cursor) {
        throw new Error(`Expected another page of the listing of '${prefix}', got the same again`)
      }
      next = { cursor: listed.cursor }
    }
  }
}
