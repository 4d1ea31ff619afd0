import { expectFunction, unexpected } from '../../src/errors.ts'
import { expectHeaders, type HeaderFields, isFieldValue, readFields } from '../../src/headers.ts'
import type { FileSource, HeadersLike } from '../../src/source.ts'
import { ENCODINGS, type Encoding } from './encodings.ts'
import { withoutLifetime } from './lifetime.ts'
import type { ListingFormat } from './listing.ts'
import { expectNames, OPTION_NAMES } from './option-names.ts'
import type { SiteOptions } from './site-options.ts'
import type { FileTree } from './tree.ts'
import { expectBase, isName, isVisible, NO_NAME } from './url-path.ts'

/** The options of a site, checked, with their defaults. */
export interface Rules extends Pick<SiteOptions, 'type' | 'digest' | 'download' | 'transform'> {
  readonly base: string
  /** Whether a segment of a path may be found. */
  readonly isFound: (name: string) => boolean
  readonly index: string | null
  readonly extensions: readonly string[]
  readonly notFound: string | null
  /** The page for a path where no file is; null if there is none. */
  readonly fallback: ((path: string) => string | null) | null
  readonly encodings: readonly Encoding[]
  readonly listing: ListingFormat | null
  /** The fields of files that have none of their own. */
  readonly defaults: Readonly<HeaderFields>
  /** The Cache-Control of listings and redirects. */
  readonly ofFolders: string
  readonly fieldsOf: OfFile<HeadersLike | undefined> | null
  readonly cacheControlOf: OfFile<string | null | undefined> | null
}

type OfFile<T> = (path: string, file: FileSource) => T

/** @throws TypeError if an option is invalid */
export function readOptions<Context extends readonly unknown[]>(
  options: SiteOptions<Context>,
  tree: FileTree,
): Rules {
  expectNames(options, 'an option to be one of', OPTION_NAMES)
  if (typeof tree?.open !== 'function') throw unexpected('a tree with open(path, request)', tree)
  for (const name of ['within', 'type', 'digest', 'download', 'transform'] as const) {
    expectFunction(name, options[name])
  }
  const { headers, cacheControl, dotfiles = false, normalize = false, listing = false } = options
  const { base = '/', extensions = [], precompressed = false } = options
  const { index = tree.isFlat ? false : 'index.html' } = options
  expectOneOf('dotfiles', dotfiles, [true, false])
  expectOneOf('normalize', normalize, [true, false])
  expectOneOf('listing', listing, [true, false, 'html', 'json'])
  if (listing && !tree.list) throw new TypeError('Expected a tree that can be listed')
  expectAll('extensions', extensions, "like ['html']", isName)
  const encodings = typeof precompressed === 'boolean' ? ENCODINGS : precompressed
  expectAll('precompressed', encodings, `of ${ENCODINGS.join(', ')}`, (name) =>
    ENCODINGS.includes(name),
  )
  // They are read once, and not again for each answer.
  const defaults = expectHeaders(expectDefaults(options))
  return {
    ...options,
    base: expectBase(base),
    isFound: dotfiles ? isSegment : isVisible,
    index: index === false ? null : expectPath('index', index),
    extensions,
    notFound: expectPath('notFound', options.notFound),
    fallback: fallbackOf(options.fallback),
    encodings: precompressed ? encodings : [],
    listing: listing === true ? 'either' : listing || null,
    defaults,
    ofFolders: withoutLifetime(defaults['cache-control']),
    fieldsOf: typeof headers === 'function' ? headers : null,
    cacheControlOf: typeof cacheControl === 'function' ? cacheControl : null,
  }
}

/** @throws TypeError unless every server can send them */
function expectDefaults({ headers, cacheControl }: SiteOptions<never>): HeaderFields {
  const fields = typeof headers === 'function' ? {} : readFields(headers)
  if (cacheControl === null) return fields
  if (cacheControl === undefined || typeof cacheControl === 'function') {
    return { 'cache-control': 'no-cache', ...fields }
  }
  if (typeof cacheControl !== 'string' || cacheControl === '' || !isFieldValue(cacheControl)) {
    throw unexpected("cacheControl to be a field value like 'max-age=60'", cacheControl)
  }
  return { ...fields, 'cache-control': cacheControl }
}

function expectOneOf(option: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return
  throw unexpected(`${option} to be one of ${allowed.join(', ')}`, value)
}

function expectAll<T>(
  option: string,
  values: readonly T[],
  example: string,
  isValid: (value: T) => boolean,
): void {
  if (Array.isArray(values) && values.every(isValid)) return
  throw unexpected(`${option} to be an array ${example}`, `${values}`)
}

/** A path of visible segments, as `open` of a tree expects it; null if it is not given. */
function expectPath(option: string, value: string | undefined): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && value.split('/').every(isName)) return value
  throw unexpected(`${option} to be the path of a file below the root`, `'${value}'`)
}

/** Which page a browser gets that navigates to a path. */
function fallbackOf(fallback: SiteOptions['fallback']): Rules['fallback'] {
  if (typeof fallback === 'function') {
    return (path) => expectPath('fallback', fallback(path.replaceAll(NO_NAME, '')) ?? undefined)
  }
  const page = expectPath('fallback', fallback)
  if (page === null) return null
  // A last segment with a dot is a file, such as a script, that is gone.
  return (path) => (path.includes('.', path.lastIndexOf('/')) ? null : page)
}

/** Paths are resolved before they get here; but a store may list names such as `..`. */
function isSegment(name: string): boolean {
  return name !== '.' && name !== '..'
}
