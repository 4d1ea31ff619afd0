/**
 * ZIP archives: of files as they are, served by ranges, and the files inside one.
 *
 * @module
 */
export { type Checked, type ChecksumProgress, Checksums } from './made/zip/checksums.ts'
export { type ZipEntryOptions, zipEntry } from './made/zip/entry.ts'
export { type ZipFolderOptions, zipFolder } from './made/zip/folder.ts'
export { type ZipMember, type ZipOptions, zip } from './made/zip/zip.ts'
