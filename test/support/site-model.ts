import type { SiteOptions } from '../../adapters/site.ts'
import type { Stored } from './memory-tree.ts'

/** What a site answers, as far as the model says. */
export interface Answered {
  readonly status: number
  readonly body: string
  /** By lower-case name. */
  readonly fields: Readonly<Record<string, string>>
}

/** A request as a model sees it. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly accept: string
  readonly acceptEncoding: string
  /** Whether the client has some version of it, whichever. */
  readonly isKnown: boolean
  readonly range: string
  /** Whether the range is asked for on the condition of the date that most files have. */
  readonly isByDate: boolean
}

/** In ms since the epoch. */
export const DATE = 1000

/** What the model knows of a site: no option of it is a function but these. */
export interface Model {
  readonly files: Readonly<Record<string, Stored>>
  readonly isFlat: boolean
  readonly options: Omit<SiteOptions, 'within' | 'fallback'> & {
    readonly within?: string | undefined
    readonly fallback?: string | undefined
  }
}

/** A file as it would be sent. */
interface Page {
  readonly stored: Stored
  readonly fields: Record<string, string>
  /** What a range may depend on: only a file that has no coding is named by its date. */
  readonly date?: number | undefined
}

/**
 * What docs/site.md says of a request, word for word where that goes: nothing of the implementation
 * is used.
 */
export function modelOf({ files, isFlat, options }: Model, asked: Asked): Answered {
  const { base = '/', index = isFlat ? false : 'index.html', extensions = [], within } = options
  const [target = '', query] = splitUrl(asked.url)
  const names = segmentsOf(target)
  const endsInSlash = names.length === 0 || /\/(?:\.|%2e){0,2}$/i.test(target.replaceAll('\\', '/'))
  const below = belowBase(names, base)
  if (below === null) return nothing()
  const isBare = below.length === 0 && !endsInSlash && base !== '/'
  if (!isBare && below.some(isHidden)) return notFound()
  const isNameable = below.every((name) => decode(name) !== null)
  const path = below.map((name) => decode(name) ?? '').join('/')
  return (isNameable && found()) || fallback() || notFound()

  function found(): Answered | null {
    if (!endsInSlash && !isBare) {
      const file = fileAt(path)
      if (file) return send(file)
      for (const extension of extensions) {
        const page = fileAt(`${path}.${extension}`)
        if (page) return send(page)
      }
      if (hasPage(path)) return redirected(names.at(-1) ?? '')
      return null
    }
    if (isBare) return hasPage('') ? redirected(names.at(-1) ?? '') : null
    if (options.download && hasZip() && isFolder(path)) {
      const fields = { ...defaults(), 'content-type': 'application/octet-stream' }
      return send({ stored: { text: `zip of ${encodeURI(path)}` }, fields })
    }
    const page = index === false ? null : fileAt(path === '' ? index : `${path}/${index}`)
    if (page) return send(page)
    return options.listing && isFolder(path) ? listed() : null
  }

  /** A folder that has something to be redirected to. */
  function hasPage(folder: string): boolean {
    const page = index === false ? null : fileAt(folder === '' ? index : `${folder}/${index}`)
    const isMade = options.listing || (options.download && hasZip())
    return page !== null || (Boolean(isMade) && isFolder(folder))
  }

  function redirected(name: string): Answered {
    const encoded = encodeURIComponent(decode(name) ?? '')
    const location = `./${encoded}/${query === undefined || query === '' ? '' : `?${query}`}`
    return { status: 308, body: '', fields: { location, 'cache-control': 'no-cache' } }
  }

  function hasZip(): boolean {
    return (query ?? '').split('&').some((pair) => /^zip(?:=|$)/.test(pair))
  }

  function listed(): Answered {
    const isEither = options.listing === true
    const isJson = options.listing === 'json' || (isEither && wantsJson())
    const type = isJson ? 'application/json' : 'text/html; charset=utf-8'
    const vary: Record<string, string> = isEither ? { vary: 'accept' } : {}
    const fields = { 'cache-control': 'no-cache', ...vary }
    if (asked.isKnown) return { status: 304, body: '', fields }
    const body = asked.method === 'HEAD' ? '' : namesIn(path).join('|')
    return { status: 200, body, fields: { ...fields, 'content-type': type } }
  }

  function wantsJson(): boolean {
    const format = /(?:^|&)format=([^&]*)/.exec(query ?? '')
    return format === null ? asked.accept === 'application/json' : format[1] === 'json'
  }

  function namesIn(folder: string): string[] {
    const names = new Set<string>()
    for (const key of stored()) {
      const rest = inside(key, folder)
      if (rest === null) continue
      const [name = '', ...others] = rest.split('/')
      if (!hides(name) && !/[\\\0\ufffd]/.test(name))
        names.add(name + (others.length > 0 ? '/' : ''))
    }
    return [...names].toSorted()
  }

  function send({ stored: { text }, fields, date }: Page): Answered {
    const { method, range, isKnown, isByDate } = asked
    if (isKnown) return { status: 304, body: '', fields: without(fields, /^content-/) }
    if (method === 'HEAD') return { status: 200, body: '', fields }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
    const isPart = from !== undefined && text !== '' && !(isByDate && date !== DATE)
    if (!isPart) return { status: 200, body: text, fields }
    if (Number(from) >= text.length) {
      return { status: 416, body: '', fields: without(fields, /^(?:content-|cache-control)/) }
    }
    return { status: 206, body: text.slice(Number(from), Number(to) + 1), fields }
  }

  function fallback(): Answered | null {
    const last = below?.at(-1) ?? ''
    const isNavigation = /(?:^|,)\s*text\/html\s*(?:,|$)/.test(asked.accept)
    if (options.fallback === undefined || !isNavigation || (decode(last) ?? last).includes('.')) {
      return null
    }
    const page = fileAt(options.fallback, true)
    return page && send(page)
  }

  function notFound(): Answered {
    const page = options.notFound === undefined ? null : fileAt(options.notFound, true)
    if (page === null) return nothing(options.fallback !== undefined)
    const body = asked.method === 'HEAD' ? '' : page.stored.text
    return { status: 404, body, fields: page.fields }
  }

  function fileAt(path: string, isStandIn = false): Page | null {
    const key = keyOf(path)
    const file = key === null ? undefined : files[key]
    return file === undefined ? null : describe(path, file, isStandIn)
  }

  /** The key under which a file of the site is stored, whatever form its name has there. */
  function keyOf(path: string): string | null {
    const key = within === undefined ? path : `${within}/${path}`
    if (Object.hasOwn(files, key)) return key
    if (!options.normalize) return null
    return Object.keys(files).find((other) => isSame(other, key)) ?? null
  }

  function describe(path: string, file: Stored, isStandIn: boolean): Page {
    const given = { size: file.text.length, read: () => new Uint8Array() }
    const fields: Record<string, string> = { ...defaults() }
    if (file.cacheControl !== undefined) fields['cache-control'] = file.cacheControl
    if (file.encoding !== undefined) fields['content-encoding'] = file.encoding
    const vary: string[] = isStandIn && options.fallback !== undefined ? ['accept'] : []
    const { headers, cacheControl } = options
    if (typeof headers === 'function') Object.assign(fields, headers(path, given))
    let lifetime = typeof cacheControl === 'function' ? cacheControl(path, given) : undefined
    if (isStandIn) {
      delete fields['content-disposition']
      lifetime ??= 'no-cache'
    }
    if (lifetime === null) delete fields['cache-control']
    else if (lifetime !== undefined) fields['cache-control'] = lifetime
    const type = options.type?.(path) ?? file.type ?? 'application/octet-stream'
    fields['content-type'] = type
    let [stored, hasCoding] = [file, false]
    const isMedia = /^(?:video|audio|image)\//.test(type) && !type.startsWith('image/svg')
    if (options.precompressed && !isMedia && file.encoding === undefined) {
      vary.push('accept-encoding')
      const encodings =
        options.precompressed === true ? ['br', 'zstd', 'gzip'] : options.precompressed
      const accepted = asked.acceptEncoding.split(', ')
      for (const coding of encodings) {
        const key = keyOf(path + { br: '.br', zstd: '.zst', gzip: '.gz' }[coding])
        const encoded = key === null ? undefined : files[key]
        if (!encoded?.text || (encoded.date ?? DATE) < (file.date ?? DATE)) continue
        hasCoding = true
        if (stored !== file || !accepted.includes(coding)) continue
        fields['content-encoding'] = coding
        stored = encoded
      }
    }
    if (vary.length > 0) fields.vary = vary.join(', ')
    return { stored, fields, date: hasCoding ? undefined : (file.date ?? DATE) }
  }

  function defaults(): Record<string, string> {
    const { cacheControl, headers } = options
    const fields: Record<string, string> = {}
    if (cacheControl !== null) fields['cache-control'] = 'no-cache'
    if (typeof headers === 'object') Object.assign(fields, headers)
    if (typeof cacheControl === 'string') fields['cache-control'] = cacheControl
    return fields
  }

  function isFolder(path: string): boolean {
    const isRoot = path === '' && within === undefined
    return isRoot || stored().some((key) => inside(key, path) !== null)
  }

  /** The paths of all files, as the site has them. */
  function stored(): string[] {
    const all = Object.keys(files)
    if (within === undefined) return all
    return all.flatMap((key) => (key.startsWith(`${within}/`) ? key.slice(within.length + 1) : []))
  }

  /** The rest of a key below a folder; null if it is elsewhere. */
  function inside(key: string, folder: string): string | null {
    if (folder === '') return key
    const depth = folder.split('/').length
    const parts = key.split('/')
    const above = parts.slice(0, depth).join('/')
    if (parts.length <= depth) return null
    return above === folder || (options.normalize && isSame(above, folder))
      ? parts.slice(depth).join('/')
      : null
  }

  function isHidden(name: string): boolean {
    return hides(decode(name) ?? '')
  }

  function hides(name: string): boolean {
    return !options.dotfiles && name.startsWith('.') && name !== '.well-known'
  }
}

function isSame(one: string, other: string): boolean {
  return one.normalize('NFC') === other.normalize('NFC')
}

function nothing(mayBeApp = false): Answered {
  return { status: 404, body: '', fields: mayBeApp ? { vary: 'accept' } : {} }
}

function without(fields: Answered['fields'], left: RegExp): Answered['fields'] {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !left.test(name)))
}

/** The path of a URL, and its query, without the fragment. */
function splitUrl(url: string): [path: string, query?: string] {
  const [whole = ''] = url.split('#')
  const question = whole.indexOf('?')
  const path = question < 0 ? whole : whole.slice(0, question)
  const query = question < 0 ? [] : [whole.slice(question + 1)]
  return [path.replace(/^https?:\/\/[^/]*/i, ''), ...query] as [string, string?]
}

/** The segments of a path, encoded: dot segments are resolved, then empty ones left out. */
function segmentsOf(path: string): string[] {
  const names: string[] = []
  for (const name of path.replaceAll('\\', '/').split('/').slice(1)) {
    const dots = name.replace(/%2e/gi, '.')
    if (dots === '..') names.pop()
    else if (dots !== '.') names.push(name)
  }
  return names.filter((name) => name !== '')
}

/** The name that a segment stands for; null if no file can have it. */
function decode(segment: string): string | null {
  try {
    const name = decodeURIComponent(segment)
    return /[/\\\0]/.test(name) ? null : name
  } catch {
    return null
  }
}

/** What follows a base, encoded; null if it is elsewhere. */
function belowBase(names: readonly string[], base: string): string[] | null {
  const above = base.split('/').filter((name) => name !== '')
  const isBelow = above.every((name, i) => decode(names[i] ?? '') === decode(name))
  return isBelow && names.length >= above.length ? names.slice(above.length) : null
}
