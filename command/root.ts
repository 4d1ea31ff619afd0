import type { SiteOptions } from '../adapters/site/site-options.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { Host } from './hosts/host.ts'
import type { ServeOptions } from './options.ts'
import type { Shelf } from './page/library.ts'
import { localRoot } from './roots/local.ts'

/** What is served: a folder, or one file of it. */
export interface Root {
  /** What a person calls it. */
  readonly name: string
  /** Where it is, with nothing secret in it. */
  readonly place: string
  /** The name of the only file that is served; null for all of the folder. */
  readonly file: string | null
  /** What is in the folder; null if nobody tells. */
  readonly shelf: Shelf | null
  /** The files of the folder. */
  open(options: SiteOptions): FileLookup
}

/**
 * What the command line names: something on this machine, in a bucket or on another server. What
 * the last two need is loaded for them only.
 *
 * @throws Failure, as a rejection, unless it can be served
 */
export async function findRoot(
  options: ServeOptions,
  runtime: Host,
  say: (notice: string) => void,
): Promise<Root> {
  const { path } = options
  if (/^s3:/i.test(path)) return (await import('./roots/s3.ts')).s3Root(options, say)
  if (/^https?:/i.test(path)) return (await import('./roots/http.ts')).httpRoot(options, say)
  return localRoot(path, runtime)
}
