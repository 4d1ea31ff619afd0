import type { Answer } from '../../src/answer.ts'
import type { HeaderFields } from '../../src/headers.ts'
import type { RequestLike } from '../../src/source.ts'
import { formatHttpDate, matchesWeakly, parseEntityTags } from '../../src/validators.ts'
import { parseQualities } from './qualities.ts'
import { type Item, othersTurn, sortEntries } from './sorting.ts'
import type { Entry } from './tree.ts'

/** In which form a folder is listed: a page, nginx's JSON, or what the request asks for. */
export type ListingFormat = 'html' | 'json' | 'either'

/** The text of a listing. */
interface Form {
  readonly type: string
  /** @param path of the folder: empty, or ending in `/` */
  begin(path: string): string
  item(item: Item, isFirst: boolean): string
  readonly end: string
}

/** How many items make a chunk of some 100 KiB. */
const CHUNK = 512

/**
 * The entries of a folder as an answer, whose body is made while it is sent.
 *
 * @param path of the folder: empty for the root, otherwise ending in `/`
 * @param query of the request, such as `?format=json`
 */
export async function listing(
  request: RequestLike,
  path: string,
  query: string,
  entries: AsyncIterable<Entry> | readonly Entry[],
  format: ListingFormat,
): Promise<Answer> {
  const isJson = format === 'json' || (format === 'either' && wantsJson(request, query))
  const form = isJson ? JSON_FORM : HTML_FORM
  let count = 0
  let sum = 0
  const items = await sortEntries(entries, (item) => {
    count++
    // Whatever order they come in.
    sum = (sum + hash(item)) >>> 0
  })
  const etag = `W/"${count}-${sum.toString(16)}-${isJson ? 'json' : 'html'}"`
  const headers: HeaderFields = {
    etag,
    'cache-control': 'no-cache',
    ...(format === 'either' && { vary: 'Accept' }),
  }
  if (isKnown(request, etag)) return { status: 304, headers, pieces: [] }
  return {
    status: 200,
    headers: {
      ...headers,
      'content-type': form.type,
      'x-content-type-options': 'nosniff',
      ...(!isJson && { 'content-security-policy': POLICY }),
    },
    pieces: [],
    stream: () => streamOf(form, path, items),
  }
}

function wantsJson({ headers }: RequestLike, query: string): boolean {
  const format = new URLSearchParams(query).get('format')
  if (format !== null) return format === 'json'
  const accepted = parseQualities(headers.get('accept') ?? '')
  return (accepted.get('application/json') ?? 0) > (accepted.get('text/html') ?? 0)
}

function isKnown({ headers }: RequestLike, etag: string): boolean {
  const known = parseEntityTags(headers.get('if-none-match') ?? '') ?? []
  return known === '*' || known.some((tag) => matchesWeakly(tag, etag))
}

function streamOf(form: Form, path: string, items: Iterator<Item>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let text = form.begin(path)
  let isFirst = true
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      if (!isFirst) await othersTurn()
      for (let count = 0; count < CHUNK; count++) {
        const { value, done } = items.next()
        if (done) {
          controller.enqueue(encoder.encode(text + form.end))
          controller.close()
          return
        }
        text += form.item(value, isFirst)
        isFirst = false
      }
      controller.enqueue(encoder.encode(text))
      text = ''
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

/** As nginx's `autoindex_format json` has it, which is what tools read. */
const JSON_FORM: Form = {
  type: 'application/json',
  begin: () => '[',
  item({ name, isFolder, size, modified }, isFirst) {
    const entry = {
      name,
      type: isFolder ? 'directory' : 'file',
      ...(modified !== null && { mtime: formatHttpDate(new Date(modified)) }),
      ...(size !== null && { size }),
    }
    return `${isFirst ? '' : ','}\n${JSON.stringify(entry)}`
  },
  end: '\n]\n',
}

const STYLE =
  ':root{color-scheme:light dark;font-family:system-ui}td{padding:.2em .5em}' +
  'td:first-child{overflow-wrap:anywhere}td+td{text-align:right;white-space:nowrap}'

/** The hash of the style: whatever a name smuggles in, no browser runs, loads or submits it. */
const STYLE_HASH = 'sha256-OSQy6UmsUAPx131ZQtTUQON1dp/pHE0INLPeEQAIyZ8='
const POLICY = `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'`

/**
 * A page that a person reads, and that rclone, httpdirfs and wget take for a folder: every entry has
 * one link, which is relative, and that of a folder ends in a slash.
 */
const HTML_FORM: Form = {
  type: 'text/html; charset=utf-8',
  begin: (path) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Index of /${escapeText(path)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Index of <bdi>/${escapeText(path)}</bdi></h1>
<table>
${path === '' ? '' : '<tr><td><a href="../">../</a></td><td></td><td></td></tr>\n'}`,
  item({ name, isFolder, size, modified }) {
    const slash = isFolder ? '/' : ''
    // Without a scheme, even if the name begins like one: its colon is encoded.
    const link = `<a href="${encodeURIComponent(name)}${slash}"><bdi>${escapeText(name)}</bdi>${slash}</a>`
    const date = modified === null ? '' : formatDate(modified)
    return `<tr><td>${link}</td><td>${size === null ? '' : formatSize(size)}</td><td>${date}</td></tr>\n`
  },
  end: '</table>\n</body>\n</html>\n',
}

function escapeText(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd').replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** @example formatSize(2_414_000_000) // '2.41 GB' */
function formatSize(size: number): string {
  let amount = size
  let step = 0
  // What rounds to 1000 is 1 of the next unit.
  for (; amount >= 999.5 && step < UNITS.length - 1; step++) amount /= 1000
  return `${step === 0 ? amount : amount.toPrecision(3)} ${UNITS[step]}`
}

/** @example formatDate(0) // '1970-01-01 00:00' */
function formatDate(modified: number): string {
  const date = new Date(modified)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 16).replace('T', ' ')
}

/** FNV-1a, of code points: it guards nothing, and only tells one state of a folder from another. */
function hash({ name, isFolder, size, modified }: Item): number {
  let value = 0x811c9dc5
  for (const char of `${name}\n${isFolder}\n${size}\n${modified}`) {
    value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193)
  }
  return value
}
