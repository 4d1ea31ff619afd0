import { HTTP2_ONLY, UnansweredError } from './unanswered.ts'
import type { Wire } from './wire.ts'

/** The most bytes of header fields: more is an attack rather than an answer. */
const MAX_FIELDS = 64 * 1024

/** A header field. */
export type Field = readonly [name: string, value: string]

/** The fields of an answer, in lower case; one that came several times is joined by commas. */
export type Fields = ReadonlyMap<string, string>

export interface Head {
  readonly status: number
  readonly reason: string
  readonly fields: Fields
}

/** Reads an answer up to its body. */
export async function readHead(wire: Wire): Promise<Head> {
  for (;;) {
    const begin = wire.unread.toString('latin1', 0, 9)
    const isHttp = ['HTTP/1.0 ', 'HTTP/1.1 '].some((version) => version.startsWith(begin))
    if (!isHttp) throw new UnansweredError('protocol', nameProtocol(wire.unread))
    const line = (await wire.readLine()) ?? ''
    const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(line)
    if (match === null) throw new UnansweredError('protocol', 'its answer is not HTTP/1.1')
    const fields = await readFields(wire)
    const status = Number(match[1])
    // 100 and 103 announce the answer (RFC 9110 §15.2).
    if (status >= 200) return { status, reason: match[2] ?? '', fields }
    if (!(await wire.peek())) {
      throw new UnansweredError('connection', `it closed the connection after a ${status}`)
    }
  }
}

/** Reads header or trailer fields, and the empty line after them. */
export async function readFields(wire: Wire): Promise<Fields> {
  const fields = new Map<string, string>()
  for (let left = MAX_FIELDS; left > 0; ) {
    const line = await wire.readLine()
    if (line === null) throw new UnansweredError('connection', 'it broke off in its header fields')
    if (line === '') return fields
    left -= line.length
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).toLowerCase()
    // In linear time: /[ \t]+$/ looks from every space to the end of a run.
    const [value] = /[^ \t](?:.*[^ \t])?/s.exec(line.slice(colon + 1)) ?? ['']
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  throw new UnansweredError('protocol', 'its header fields are longer than 64 KiB')
}

/** The names that a field lists, in lower case; one that is empty stands for none. */
export function namesIn(fields: Fields, name: string): string[] {
  const names = (fields.get(name) ?? '').toLowerCase().split(',')
  return names.map((each) => each.trim())
}

/** Content-Length, if that is what it says. */
export function lengthOf(fields: Fields): number | null {
  const value = fields.get('content-length')
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null
}

/** Says what it is that does not speak HTTP/1.1, as far as its first bytes tell. */
function nameProtocol(bytes: Buffer): string {
  const isFrame = bytes.length >= 9 && (bytes[3] === 0x04 || bytes[3] === 0x07)
  // SETTINGS or GOAWAY of stream 0 (RFC 9113 §4.1, §6.5, §6.8): how HTTP/2 begins.
  if (isFrame && bytes.readUInt32BE(5) === 0) {
    return HTTP2_ONLY
  }
  // A TLS alert (RFC 8446 §5.1).
  if (bytes[0] === 0x15 && bytes[1] === 0x03) return 'it speaks TLS: its URL begins with https:'
  return 'what answers does not speak HTTP'
}
