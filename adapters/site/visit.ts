import type { RequestLike } from '../../src/source.ts'
import type { Rules } from './site-options.ts'
import type { FileTree } from './tree.ts'

/** One request of a site. */
export interface Visit {
  readonly rules: Rules
  /** What is below the site, or the folder that this request sees. */
  readonly tree: FileTree
  /** Whether it is such a folder, which need not be there: the root of a store always is. */
  readonly isWithin: boolean
  readonly request: RequestLike
  /** What the host passes beside it. */
  readonly context: readonly unknown[]
}
