import type { TreeFile } from './tree.ts'

/**
 * A file that can be copied: `{ ...plain(file), headers }`. Of an object of a class, `...` alone
 * would lose the methods, which may need their object, too.
 */
export function plain(file: TreeFile): TreeFile {
  if (Object.getPrototypeOf(file) === Object.prototype) return file
  const { size, type, etag, lastModified, headers, digest, version, read, close } = file
  return {
    size,
    type,
    etag,
    lastModified,
    headers,
    version,
    digest: typeof digest === 'function' ? digest.bind(file) : digest,
    // With what hangs on it: `read.native`. JavaScript may have given something else than a file.
    read: read && Object.assign(read.bind(file), read),
    close: close?.bind(file),
  }
}
