import { expectOptions, unexpected } from '../../src/errors.ts'

/**
 * The names of the options of all sites, directories, buckets and handlers: the same options may be
 * given to several of them, and on several runtimes.
 */
export const OPTION_NAMES: readonly string[] =
  `within type digest download transform base dotfiles normalize listing extensions
  precompressed index notFound fallback headers cacheControl onError onBegin onServed
  maxRanges maxSlice sliceFor prefix requestHeaders missing immutable resume retries
  timeout fetch links live keepOpen native stable`.split(/\s+/)

/**
 * Of a misspelt `within`, everybody would get the files of all; of a misspelt `origin`, other pages
 * would read them.
 *
 * @param expected what the names are, for the message
 * @throws TypeError unless options stand in an object, each under one of these names
 */
export function expectNames(options: object, expected: string, names: readonly string[]): void {
  expectOptions(options)
  for (const name of Object.keys(options)) {
    // The namespace of a module has `default`, too.
    if (name === 'default' || names.includes(name)) continue
    throw unexpected(`${expected} ${names.join(', ')}`, name)
  }
}
