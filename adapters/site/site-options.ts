import { expectFunction, expectOptions, unexpected } from '../../src/errors.ts'
import { expectHeaders, type HeaderFields, isFieldValue, readFields } from '../../src/headers.ts'
import type { Found } from '../../src/lookup.ts'
import type { Digests, FileSource, HeadersLike, RequestLike } from '../../src/source.ts'
import { ENCODINGS, type Encoding } from './encodings.ts'
import { withoutLifetime } from './lifetime.ts'
import type { ListingFormat } from './listing.ts'
import type { FileTree } from './tree.ts'
import { expectBase, isName, isVisible, NO_NAME } from './url-path.ts'

/**
 * The names of the options of all sites, directories, buckets and handlers: the same options may be
 * given to several of them, and on several runtimes.
 */
export const OPTION_NAMES: readonly string[] = `
  within type digest download transform base dotfiles normalize listing extensions
  precompressed index notFound fallback headers cacheControl onError onBegin onServed
  maxRanges maxSlice sliceFor prefix requestHeaders missing immutable resume retries
  timeout fetch links live keepOpen native stable
`
  .trim()
  .split(/\s+/)

/** Options of a site, whatever store its files are in. */
export interface SiteOptions<Context extends readonly unknown[] = readonly unknown[]> {
  /**
   * Where the site is mounted, starting and ending with `/`: with `/media/`, the URL path
   * `/media/a.mp4` is the file `a.mp4`, and paths outside `/media/` are not found. `/` by default.
   */
  readonly base?: string | undefined
  /**
   * The folder of a request, by its name at the root: everything is looked for inside of it. Null,
   * and a name that no folder can have, such as `..` or `a/b`, are "not found".
   *
   * @example
   * ```ts
   * site(tree, { base: '/films/', within: (request) => userOf(request) }) // userOf is yours
   * ```
   */
  readonly within?:
    | ((
        request: RequestLike,
        ...context: Context
      ) => string | null | undefined | Promise<string | null | undefined>)
    | undefined
  /**
   * The file that stands for its folder: `index.html` by default, but none in stores that know no
   * folders, such as buckets, where looking for it costs. A folder without its trailing slash is
   * redirected to it.
   */
  readonly index?: string | false | undefined
  /** Extensions that a URL may leave out: with `['html']`, `/about` is `about.html`. */
  readonly extensions?: readonly string[] | undefined
  /** The page that is sent with the status 404, such as `404.html`. */
  readonly notFound?: string | undefined
  /**
   * The page of an app that makes its routes in the browser, such as `index.html`: sent where a
   * browser navigates to what is no file, unless the last segment has a dot, as a script's has. Or
   * a function of the path, which decides about dots, too, and gives undefined for a 404.
   */
  readonly fallback?: string | ((path: string) => string | null | undefined) | undefined
  /**
   * Whether `app.js.br`, `.zst` or `.gz` beside `app.js` is sent to clients that accept it; or
   * which of these, best first. Not for films, sound and pictures. A file that is older than the
   * one beside it is not used. False by default.
   */
  readonly precompressed?: boolean | readonly Encoding[] | undefined
  /**
   * Cache-Control, as a value for all files that have none of their own, or a function that has the
   * last word, or undefined; null for none. Otherwise `no-cache`: a browser asks whether its copy
   * is still good.
   *
   * @example
   * ```ts
   * nodeDirectory('public', {
   *   cacheControl: (path) => (path.startsWith('assets/') ? IMMUTABLE : undefined),
   * })
   * ```
   */
  readonly cacheControl?:
    | string
    | null
    | ((path: string, file: FileSource) => string | null | undefined)
    | undefined
  /**
   * Further header fields for every answer about a file, and for the pages of `notFound` and
   * `fallback`, but for lifetimes and Content-Disposition: as values for all files that have none
   * of their own, or a function that has the last word. A Content-Type is used only where the type
   * is not known.
   */
  readonly headers?:
    | HeadersLike
    | ((path: string, file: FileSource) => HeadersLike | undefined)
    | undefined
  /**
   * The media type of a file; undefined for the one that it has. Only local files have one that
   * their name implies: for other stores that is `mediaType`.
   */
  readonly type?: ((path: string) => string | null | undefined) | undefined
  /**
   * Digests of a file, by algorithm, for clients that ask for them by Want-Repr-Digest; undefined
   * for those that its store knows.
   */
  readonly digest?:
    | ((
        path: string,
        file: FileSource,
      ) => Digests | null | undefined | Promise<Digests | null | undefined>)
    | undefined
  /**
   * Whether folders without an index are listed: as a page, as JSON, or as what the request asks
   * for by Accept or `?format=json`. False by default.
   */
  readonly listing?: boolean | 'html' | 'json' | undefined
  /** What answers `?zip` of a folder; it gets a tree without hidden files. */
  readonly download?:
    | ((tree: FileTree, path: string, request: RequestLike) => Found | Promise<Found>)
    | undefined
  /**
   * Makes another file of each that is sent, or gives it back as it is. What it makes has a tag and
   * a size of its own, closes the file that it was given, and is not sent in a stored coding. If it
   * throws, the file is closed for it. Archives that `download` makes hold the files as they are.
   *
   * @example
   * ```ts
   * nodeDirectory('media', { transform: faststartFilms }) // of byteserve/mp4
   * ```
   */
  readonly transform?: Transform | undefined
  /** Whether files whose names begin with a dot are found. False by default. */
  readonly dotfiles?: boolean | undefined
  /**
   * Whether a name is also looked for in its other Unicode forms, as macOS (NFD) and others (NFC)
   * write it. False by default.
   */
  readonly normalize?: boolean | undefined
}

/** Makes another file of the one at a path of a site's tree, or gives the same. */
export type Transform = (
  file: FileSource,
  path: string,
  tree: FileTree,
) => FileSource | Promise<FileSource>

/** For files whose name changes with their content, the value of Cache-Control. */
export const IMMUTABLE = 'public, max-age=31536000, immutable'

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
  expectOptions(options)
  // Of a misspelt `within`, everybody would get the files of all.
  for (const name of Object.keys(options)) {
    // The namespace of a module has it.
    if (name !== 'default') expectOneOf('an option', name, OPTION_NAMES)
  }
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
  // A dot in the last segment is that of a script, say, which is gone.
  return (path) => (path.includes('.', path.lastIndexOf('/')) ? null : page)
}

/** A path is resolved when it gets here; this makes sure of it. */
function isSegment(name: string): boolean {
  return name !== '.' && name !== '..'
}
