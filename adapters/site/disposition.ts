import { unexpected } from '../../src/errors.ts'
import type { HeaderFields } from '../../src/headers.ts'
import { lastSegment } from './url-path.ts'

/**
 * A value of Content-Disposition (RFC 6266), from a file's name in any script: exact for clients
 * that know RFC 8187, and in ASCII for the others, such as `curl -OJ`.
 *
 * @param name without folders; a slash in it, a quote or a control character becomes `_`
 * @throws TypeError if `kind` is neither, or `name` is no string
 *
 * @example
 * ```ts
 * contentDisposition('attachment', 'Blade Runner (1982).mp4')
 * // 'attachment; filename="Blade Runner (1982).mp4"'
 * contentDisposition('inline', 'Übung.pdf')
 * // `inline; filename="Ubung.pdf"; filename*=UTF-8''%C3%9Cbung.pdf`
 * ```
 */
export function contentDisposition(kind: 'attachment' | 'inline', name: string): string {
  if (kind !== 'attachment' && kind !== 'inline') {
    throw unexpected("kind to be 'attachment' or 'inline'", kind)
  }
  if (typeof name !== 'string') throw unexpected('the name of a file', name)
  const exact = name.replace(/[/\\\p{Cc}]/gu, '_').replace(/\p{Cs}/gu, '\ufffd')
  const plain = toAscii(exact)
  // Some clients decode `%41`.
  const isExact = plain === exact && !/%[\da-f]{2}/i.test(exact)
  return `${kind}; filename="${plain}"${isExact ? '' : `; filename*=UTF-8''${encode(exact)}`}`
}

/**
 * The fields that have a file saved under its name, rather than shown: for the option `headers` of
 * a site, as it stands.
 *
 * @param path of which the last segment is the name
 *
 * @example
 * ```ts
 * nodeDirectory('downloads', { headers: attachment })
 * ```
 */
export function attachment(path: string): HeaderFields {
  if (typeof path !== 'string') {
    throw unexpected('attachment in headers of a directory or a bucket', 'it in those of a handler')
  }
  return { 'content-disposition': contentDisposition('attachment', lastSegment(path)) }
}

/**
 * Letters without their marks, as most of them can be read; whatever else is not ASCII becomes `_`.
 * So does what is special in quotes: some clients undo `\"`, some end there.
 */
function toAscii(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]|["/\\]/gu, '_')
}

/** RFC 8187 §3.2.1 allows less than `encodeURIComponent` leaves. */
function encode(name: string): string {
  return encodeURIComponent(name).replace(
    /[*'()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
