/**
 * Which file a URL means: the same rules for every store.
 *
 * @example
 * ```ts
 * import { fileHandler } from 'byteserve'
 * import { nodeDirectory } from 'byteserve/node'
 * import { cors } from 'byteserve/site'
 *
 * const site = nodeDirectory('public', { precompressed: true, notFound: '404.html' })
 * export default { fetch: fileHandler(site, { headers: cors() }) }
 * ```
 *
 * @module
 */
export { type CorsOptions, cors } from './site/cors.ts'
export { withDigest } from './site/digest.ts'
export { attachment, contentDisposition } from './site/disposition.ts'
export type { Encoding } from './site/encodings.ts'
export { mediaType } from './site/media-type.ts'
export { site } from './site/site.ts'
export { IMMUTABLE, type SiteOptions, type Transform } from './site/site-options.ts'
export type { Entry, FileTree, Opened, TreeFile } from './site/tree.ts'
export { toRelativePath } from './site/url-path.ts'
