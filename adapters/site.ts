/**
 * Which file a URL means: the same rules for every store.
 *
 * @module
 */
export { type SiteOptions, site } from './site/site.ts'
export type { Entry, FileTree, Opened } from './site/tree.ts'
export { toRelativePath } from './site/url-path.ts'
