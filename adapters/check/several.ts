import type { Exchange } from './exchange.ts'
import { type Finding, info, miscountOf, statusOf } from './finding.ts'
import { type ContentRange, contentRangeOf, parseContentRange, type Subject } from './subject.ts'

/** A part of a multipart body: what it says it is, and its bytes. */
interface BodyPart {
  readonly range: ContentRange | null
  readonly bytes: Buffer
}

/** What comes of two ranges: information only. Nobody has to answer with both. */
export async function judgeSeveral(file: Subject): Promise<Finding> {
  const answer = await file.range('0-1,4-5')
  if (answer.status !== 206) return info(statusOf(answer))
  if (answer.end === 'cut') return info('more than could be read')
  const miscount = miscountOf(answer)
  if (miscount !== null) return info(miscount)
  const boundary = boundaryOf(answer)
  const one = { range: contentRangeOf(answer), bytes: answer.body }
  const parts = boundary === null ? [one] : readParts(answer.body, boundary)
  if (parts === null) return info(`no parts between lines of --${boundary}`)
  const size = await file.size()
  if (!parts.every((part) => isTrue(part, file.prefix, size))) {
    return info('parts that are not what their Content-Range says')
  }
  const ranges = parts.map(({ range }) => `${range?.first}-${range?.last}`)
  return info(`${boundary === null ? 'one part' : 'multipart'}: ${ranges.join(', ')}`)
}

/** What separates the parts, if there are to be several (RFC 2046 §5.1.1). */
function boundaryOf({ fields }: Exchange): string | null {
  const type = fields.get('content-type') ?? ''
  if (!/^multipart\/byteranges[ \t]*;/i.test(type)) return null
  const [, quoted, token] = /;[ \t]*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type) ?? []
  return quoted ?? token ?? ''
}

/** The parts of a multipart body; null if it is none. */
function readParts(body: Buffer, boundary: string): BodyPart[] | null {
  const [, ...pieces] = `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`)
  if (pieces.pop()?.startsWith('--') !== true || pieces.length === 0) return null
  return pieces.map((piece) => {
    const end = piece.indexOf('\r\n\r\n')
    const says = /^content-range:[ \t]*(.*?)[ \t]*$/im.exec(piece.slice(0, end))?.[1]
    return { range: parseContentRange(says), bytes: Buffer.from(piece.slice(end + 4), 'latin1') }
  })
}

function isTrue({ range, bytes }: BodyPart, prefix: Buffer, size: number | null): boolean {
  if (range === null || (range.size ?? size) !== size) return false
  const { first, last } = range
  return bytes.length === last - first + 1 && bytes.equals(prefix.subarray(first, last + 1))
}
