import { type ByteRange, contentRange, type Piece } from './range.ts'

/*
 * multipart/byteranges (RFC 9110 §14.6), as written here:
 *
 *   CRLF
 *   --boundary CRLF
 *   Content-Type: video/mp4 CRLF
 *   Content-Range: bytes 0-99/1000 CRLF
 *   CRLF
 *   …100 bytes… CRLF
 *   --boundary CRLF
 *   …
 *   --boundary-- CRLF
 *
 * The first CRLF is not required; but nginx and Apache send it too, and zsync depends on it.
 */

/**
 * The pieces of a multipart/byteranges body, in the order of the ranges: delimiters and part
 * headers as bytes, the content of the parts as ranges of the file.
 *
 * @param lines the header lines that each part has besides Content-Range
 * @param boundary must not occur in the file: random, and made anew for each response
 */
export function multipart(
  ranges: readonly ByteRange[],
  size: number,
  lines: string,
  boundary: string,
): Piece[] {
  const encoder = new TextEncoder()
  const pieces: Piece[] = []
  const head = `\r\n--${boundary}\r\n${lines}Content-Range: `
  for (const range of ranges) {
    pieces.push(encoder.encode(`${head}${contentRange(size, range)}\r\n\r\n`), range)
  }
  pieces.push(encoder.encode(`\r\n--${boundary}--\r\n`))
  return pieces
}
