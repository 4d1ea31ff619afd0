import type { Answer } from '../../src/answer.ts'
import { decide } from '../../src/decide.ts'
import type { HeaderFields } from '../../src/headers.ts'
import { hangUpSignal } from '../../src/runtime.ts'
import type { RequestLike } from '../../src/source.ts'
import { formatHttpDate } from '../../src/validators.ts'
import { othersTurn, RUN_LENGTH } from '../store/at-once.ts'
import { parseQualities, qualityOf } from './qualities.ts'
import { formatSize } from './size.ts'
import { sortEntries } from './sorting.ts'
import type { Entry } from './tree.ts'
import { encodeSegment } from './url-path.ts'

/** In which form a folder is listed: a page, nginx's JSON, or what the request asks for. */
export type ListingFormat = 'html' | 'json' | 'either'

/** The folder that is listed. */
export interface Folder {
  /** The path of its URL, decoded. */
  readonly path: string
  /** Whether there is no other above it. */
  readonly isRoot: boolean
}

/** The text of a listing. */
interface Form {
  readonly headers: Readonly<HeaderFields>
  begin(folder: Folder): string
  item(entry: Entry): string
  readonly between: string
  readonly end: string
}

/**
 * The entries of a folder as an answer, whose body is made while it is sent. No more are asked for
 * once the client is gone.
 *
 * @param query of the request, such as `?format=json`
 * @param cacheControl without a lifetime
 */
export async function listing(
  request: RequestLike,
  folder: Folder,
  query: string,
  entries: AsyncIterable<Entry> | readonly Entry[],
  format: ListingFormat,
  cacheControl = 'no-cache',
): Promise<Answer> {
  const isJson = format === 'json' || (format === 'either' && wantsJson(request, query))
  const form = isJson ? JSON_FORM : HTML_FORM
  const all: Entry[] = []
  let sum = hash(form.begin(folder))
  for await (const entry of entries) {
    hangUpSignal(request)?.throwIfAborted()
    // Whatever order they come in.
    sum = (sum + hash(form.item(entry))) >>> 0
    if (all.push(entry) % RUN_LENGTH === 0) await othersTurn()
  }
  const etag = `W/"${sum.toString(16)}"`
  const headers: HeaderFields = {
    etag,
    'cache-control': cacheControl,
    ...(format === 'either' && { vary: 'Accept' }),
  }
  const { status } = decide(request, { size: 0, etag }, Date.now())
  if (status !== 200) return { status, headers, pieces: [] }
  const sorted = await sortEntries(all)
  return {
    status: 200,
    headers: { ...headers, ...form.headers, 'x-content-type-options': 'nosniff' },
    pieces: [],
    stream: () => streamOf(form, folder, sorted),
  }
}

function wantsJson({ headers }: RequestLike, query: string): boolean {
  const format = new URLSearchParams(query).get('format')
  if (format !== null) return format === 'json'
  const accepted = parseQualities(headers.get('accept') ?? '')
  const json = qualityOf(accepted, 'application/json')
  const html = qualityOf(accepted, 'text/html')
  // Scripts name JSON, and then accept whatever else there is.
  const isNamed = accepted.has('application/json') && !accepted.has('text/html')
  return json > html || (json === html && json > 0 && isNamed)
}

/** FNV-1a over UTF-16: not for security, only to tell one state of a folder from another. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return value
}

/**
 * The text of a listing. It is made without waiting for its reader: while a client does not read,
 * some 150 bytes of text are held for each entry, rather than the entries.
 */
function streamOf(
  form: Form,
  folder: Folder,
  entries: Iterator<Entry>,
): ReadableStream<Uint8Array> {
  let isWanted = true
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async start(controller) {
      for (const run of runsOf(form, folder, entries)) {
        controller.enqueue(run)
        await othersTurn()
        if (!isWanted) return
      }
      controller.close()
    },
    cancel() {
      isWanted = false
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

/** The text in runs of some 100 KiB. */
function* runsOf(form: Form, folder: Folder, entries: Iterator<Entry>): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  let text = form.begin(folder)
  let separator = ''
  let count = 0
  for (let next = entries.next(); !next.done; next = entries.next()) {
    text += separator + form.item(next.value)
    separator = form.between
    if (++count % RUN_LENGTH > 0) continue
    yield encoder.encode(text)
    text = ''
  }
  yield encoder.encode(text + form.end)
}

/** As nginx's `autoindex_format json` has it, which is what tools read. */
const JSON_FORM: Form = {
  headers: { 'content-type': 'application/json' },
  begin: () => '[\n',
  item({ name, kind, size, lastModified }) {
    // `toJSON` gives null for an invalid date.
    const mtime = lastModified?.toJSON() ? formatHttpDate(lastModified) : undefined
    return JSON.stringify({ name, type: kind, mtime, size })
  },
  between: ',\n',
  end: '\n]\n',
}

/**
 * A page that a person reads, and that rclone, httpdirfs, wget and Kodi take for a folder: every
 * entry has one link, which is relative, and that of a folder ends in a slash.
 */
const HTML_FORM: Form = {
  headers: {
    'content-type': 'text/html; charset=utf-8',
    // Whatever a name smuggles in, no browser runs, loads or submits it.
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  },
  begin: ({ path, isRoot }) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Index of ${escapeText(path)}</title>
<style>
:root { color-scheme: light dark; font-family: system-ui }
td { padding: .2em .5em; text-align: right; white-space: nowrap }
td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere }
</style>
<h1>Index of <bdi>${escapeText(path)}</bdi></h1>
<table>
${isRoot ? '' : '<tr><td><a href="../">../</a></td><td></td><td></td></tr>\n'}`,
  item({ name, kind, size, lastModified }) {
    const length = size === undefined ? '' : formatSize(size)
    const slash = kind === 'directory' ? '/' : ''
    // Without a scheme, even if the name begins like one: its colon is encoded.
    const href = encodeSegment(name) + slash
    // Kodi takes a link for an entry only if its text is its name, without tags.
    const link = `<bdi><a href="${href}">${escapeText(name)}${slash}</a></bdi>`
    // `toJSON` gives null for an invalid date.
    const date = lastModified?.toJSON()?.slice(0, 16).replace('T', ' ') ?? ''
    return `<tr><td>${link}</td><td>${length}</td><td>${date}</td></tr>\n`
  },
  between: '',
  end: '</table>\n',
}

function escapeText(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd').replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)
}
