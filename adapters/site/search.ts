import type { Answer } from '../../src/answer.ts'
import type { HeaderFields } from '../../src/headers.ts'
import { type Found, isSource } from '../../src/lookup.ts'
import { closeSource, readBytes } from '../../src/reader.ts'
import type { FileSource, RequestLike } from '../../src/source.ts'
import { withDigest } from './digest.ts'
import { acceptEncodingOf, acceptedEncodings, EXTENSIONS, isEncodable, tagOf } from './encodings.ts'
import { listing } from './listing.ts'
import { overlay } from './overlay.ts'
import { parseQualities } from './qualities.ts'
import { toFolder } from './redirect.ts'
import type { Rules } from './site-options.ts'
import type { FileTree, Opened } from './tree.ts'
import { parseTarget, type Target, toTarget } from './url-path.ts'

/** Whether a file is sent as what was asked for, or instead of it. */
type Role = 'itself' | 'stand-in'

/** A file with the fields that it is sent with. */
interface Described extends FileSource {
  readonly headers: Readonly<HeaderFields>
}

/** The way of one request through a site. */
export class Search {
  readonly #rules: Rules
  readonly #tree: FileTree
  readonly #request: RequestLike
  readonly #context: readonly unknown[]

  constructor(rules: Rules, tree: FileTree, request: RequestLike, context: readonly unknown[]) {
    this.#rules = rules
    this.#tree = tree
    this.#request = request
    this.#context = context
  }

  /** What is found; at once, if it is a file that the tree opens at once. */
  find(): Found | Promise<Found> {
    const { base, isFound } = this.#rules
    const target = toTarget(this.#request.url, base, isFound)
    if (target === null) return null
    const { path, isFolder } = target
    if (!path || isFolder) return this.#findOther(target, null)
    const take = (opened: Opened) =>
      isFile(opened) ? this.#represent(path, opened) : this.#findOther(target, opened)
    const opened = this.#tree.open(path, this.#request)
    return opened instanceof Promise ? opened.then(take) : take(opened)
  }

  /** What there is, if it is not simply a file. */
  async #findOther({ path, isFolder }: Target, opened: Opened): Promise<Found> {
    const found =
      path === null ? null : await (isFolder ? this.#inFolder(path) : this.#instead(path, opened))
    return found ?? (await this.#fallback(path)) ?? this.#notFound()
  }

  async #inFolder(path: string): Promise<Found> {
    const name = this.#mountWithoutSlash(path)
    if (name !== null) return this.#toFolder(path, name)
    const { download, index, listing: format } = this.#rules
    const inside = path === '' ? '' : `${path}/`
    const { searchParams, search } = parseTarget(this.#request.url) ?? NO_QUERY
    if (download && searchParams.has('zip') && (await this.#isFolder(path))) {
      const made = await download(this.#tree, path, this.#request)
      const { defaults } = this.#rules
      return isSource(made) ? { ...made, headers: overlay(defaults, made.headers) } : made
    }
    const file = index === null ? null : await this.#file(inside + index)
    if (file !== null || format === null || !this.#tree.list) return file
    if (!(await this.#isFolder(path))) return null
    return listing(this.#request, inside, search, this.#tree.list(path), format)
  }

  /** What a path without a slash names, if not a file of that name. */
  async #instead(path: string, opened: Opened): Promise<Found> {
    for (const extension of path === '' ? [] : this.#rules.extensions) {
      const file = await this.#file(`${path}.${extension}`)
      if (file !== null) return file
    }
    if (opened !== 'directory' && path !== '' && !this.#tree.isFlat) return null
    return this.#toFolder(path, lastSegment(path || this.#rules.base.slice(0, -1)))
  }

  /** A redirect to a folder's own URL, which ends in a slash; null if there is nothing. */
  async #toFolder(path: string, name: string): Promise<Answer | null> {
    if (!(await this.#answersFolder(path))) return null
    const { search } = parseTarget(this.#request.url) ?? NO_QUERY
    return toFolder(encodeURIComponent(name), search)
  }

  async #answersFolder(path: string): Promise<boolean> {
    const { download, index, listing: format } = this.#rules
    if (index !== null) {
      const file = await this.#tree.open(path === '' ? index : `${path}/${index}`, this.#request)
      if (isFile(file)) {
        void closeSource(file)
        return true
      }
    }
    return (format !== null || download !== undefined) && this.#isFolder(path)
  }

  async #isFolder(path: string): Promise<boolean> {
    if (path === '') return true
    if (!this.#tree.isFlat) return (await this.#tree.open(path, this.#request)) === 'directory'
    for await (const _ of this.#tree.list?.(path) ?? []) return true
    return false
  }

  /**
   * Express and Connect hand on `/` for the mount `/media` as for `/media/`. Relative links would lead
   * elsewhere from there.
   *
   * @returns the last segment of the mount, if it was asked for without its slash
   */
  #mountWithoutSlash(path: string): string | null {
    const { originalUrl } = Object(this.#context[0])
    if (path !== '' || typeof originalUrl !== 'string') return null
    const target = toTarget(originalUrl, '/', () => true)
    return target?.path && !target.isFolder ? lastSegment(target.path) : null
  }

  /** The page of an app, where a browser navigates to what is no file. */
  async #fallback(path: string | null): Promise<Found> {
    const { fallback } = this.#rules
    if (fallback === null || path === null || lastSegment(path).includes('.')) return null
    const accepted = parseQualities(this.#request.headers.get('accept') ?? '')
    return accepted.get('text/html') ? this.#file(fallback, 'stand-in') : null
  }

  /** The page of a 404. What is asked of a file, such as a range of it, is not asked of this page. */
  async #notFound(): Promise<Answer | null> {
    const { notFound } = this.#rules
    if (notFound === null) return null
    const page = await new Search(
      this.#rules,
      this.#tree,
      plainly(this.#request),
      this.#context,
    ).#file(notFound, 'stand-in')
    if (page === null) return null
    try {
      const bytes = page.size === 0 ? [] : [await readBytes(page, 0, page.size)]
      const headers = overlay(page.headers, {
        'content-type': page.type ?? 'application/octet-stream',
        'x-content-type-options': 'nosniff',
      })
      return { status: 404, headers, pieces: bytes }
    } finally {
      void closeSource(page)
    }
  }

  async #file(path: string, role: Role = 'itself'): Promise<FileSource | null> {
    const opened = await this.#tree.open(path, this.#request)
    return isFile(opened) ? this.#represent(path, opened, role) : null
  }

  /** A file as it is sent: as the options say, and stored in a coding that the client accepts. */
  #represent(
    path: string,
    file: FileSource,
    role: Role = 'itself',
  ): FileSource | Promise<FileSource> {
    try {
      const described = this.#describe(path, file, role)
      const { encodings } = this.#rules
      if (encodings.length > 0 && isEncodable(described.type, described.headers))
        return this.#encoded(path, described)
      return this.#digested(path, described)
    } catch (thrown) {
      void closeSource(file)
      throw thrown
    }
  }

  /** What the options say of a file. */
  #describe(path: string, file: FileSource, role: Role): Described {
    const { type, defaults, fieldsOf, cacheControlOf } = this.#rules
    const described = { ...file, type: type?.(path) ?? file.type, headers: defaults }
    const isPlain = role === 'itself' && fieldsOf === null && cacheControlOf === null
    if (isPlain && file.headers === undefined) return described
    const { 'cache-control': known, ...fields } = overlay(
      defaults,
      file.headers,
      fieldsOf?.(path, file),
    )
    const said = cacheControlOf?.(path, file)
    // What stands for something else is asked for by the URL of that, which may be a file tomorrow.
    if (role === 'stand-in') {
      const vary = this.#rules.fallback === null ? null : { vary: 'Accept' }
      return {
        ...described,
        headers: overlay(fields, { 'cache-control': said ?? 'no-cache' }, vary),
      }
    }
    const cacheControl = said === undefined ? known : said
    const headers = cacheControl ? { ...fields, 'cache-control': cacheControl } : fields
    return { ...described, headers }
  }

  /** The best of a file's encoded versions, or else itself. */
  async #encoded(path: string, file: Described): Promise<FileSource> {
    const headers = overlay(file.headers, { vary: 'Accept-Encoding' })
    const accepted = acceptEncodingOf(this.#request)
    try {
      for (const encoding of acceptedEncodings(accepted, this.#rules.encodings)) {
        const storedAt = path + EXTENSIONS[encoding]
        const stored = await this.#tree.open(storedAt, this.#request)
        if (!isFile(stored)) continue
        if (isOutdated(stored, file)) {
          void closeSource(stored)
          continue
        }
        const encoded = {
          ...stored,
          type: file.type,
          etag: tagOf(stored.etag, encoding),
          headers: overlay(headers, { 'content-encoding': encoding }),
        }
        void closeSource(file)
        return this.#digested(storedAt, encoded)
      }
    } catch (thrown) {
      void closeSource(file)
      throw thrown
    }
    return this.#digested(path, { ...file, headers })
  }

  /** With the digest that the client asks for. */
  #digested(path: string, file: FileSource): FileSource | Promise<FileSource> {
    const { digest } = this.#rules
    return withDigest(this.#request, digest ? { ...file, digest: () => digest(path, file) } : file)
  }
}

const NO_QUERY = { search: '', searchParams: new URLSearchParams() }

function isFile(opened: Opened | undefined): opened is FileSource {
  return opened instanceof Object
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A file may have been changed after it was encoded. */
function isOutdated(stored: FileSource, file: FileSource): boolean {
  if (file.lastModified === undefined) return false
  return !stored.lastModified || stored.lastModified < file.lastModified
}

/** A request for all of a page, whatever part or version of a file is asked for. */
function plainly({ url, headers }: RequestLike): RequestLike {
  const get = (name: string) => (/^(?:range|if-.+)$/i.test(name) ? null : headers.get(name))
  return { method: 'GET', url, headers: { get } }
}
