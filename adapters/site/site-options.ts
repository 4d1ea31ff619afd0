import type { Found } from '../../src/lookup.ts'
import type { Digests, FileSource, HeadersLike, RequestLike } from '../../src/source.ts'
import type { Encoding } from './encodings.ts'
import type { FileTree } from './tree.ts'

/** Options of a site, whatever store its files are in. */
export interface SiteOptions<Context extends readonly unknown[] = readonly unknown[]> {
  /**
   * Where the site is mounted, starting and ending with `/`: with `/media/`, the URL path
   * `/media/a.mp4` is the file `a.mp4`, and paths outside `/media/` are not found. `/` by default.
   */
  readonly base?: string | undefined
  /**
   * The folder of a request below `base`, by its name at the root: everything is looked for inside
   * of it. Null, and a name that no folder can have, such as `..` or `a/b`, are "not found".
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
   * is still good. A file that is being written stays `no-store`.
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
  /**
   * What answers `?zip` of a folder. The tree that it gets lists no hidden files; `open` gives what
   * it is asked for.
   */
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
  /**
   * Whether hidden files are found: those whose names begin with a dot, and those in `$RECYCLE.BIN`,
   * which were deleted. False by default.
   */
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
