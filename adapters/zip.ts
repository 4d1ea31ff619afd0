/**
 * ZIP archives: of files as they are, served by ranges, and the files inside one.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { nodeDirectory, nodeListener } from 'byteserve/node'
 * import { zipFolder } from 'byteserve/zip'
 *
 * // Any folder as an archive: /films/?zip
 * createServer(nodeListener(nodeDirectory('media', { download: zipFolder }))).listen(8080)
 * ```
 *
 * @module
 */
export { type Checked, type ChecksumProgress, Checksums } from './made/zip/checksums.ts'
export { type ZipEntryOptions, zipEntry } from './made/zip/entry.ts'
export { type ZipFolderOptions, zipFolder } from './made/zip/folder.ts'
export { type ZipMember, type ZipOptions, zip } from './made/zip/zip.ts'
