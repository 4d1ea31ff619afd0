// Finds where each response on a connection ends, and drops its bytes.

/** Bodies are dropped, so all connections read into the same memory. */
export const buffer = Buffer.allocUnsafeSlow(256 * 1024)

/** A head is read in pieces of this many bytes, so that little of a body is taken for text. */
const HEAD_PIECE = 4096

/**
 * @param {boolean | undefined} isHead no response has a body
 * @param {(status: string) => void} onStatus called for each response
 * @param {() => void} onEnd called after the last byte of each response
 * @returns {(length: number) => void} takes the next bytes, which are the first of `buffer`
 */
export function responseSkipper(isHead, onStatus, onEnd) {
  let head = ''
  /** What is left of a body whose length is known. */
  let left = 0
  let chunks = null
  return (length) => {
    let at = 0
    while (at < length) {
      if (chunks !== null) at = skipChunks(at, length)
      else if (left > 0) at = skipBody(at, length)
      else at = takeHead(at, length)
    }
  }

  function takeHead(at, length) {
    const before = head.length
    const end = Math.min(length, at + HEAD_PIECE)
    head += buffer.latin1Slice(at, end)
    const headLength = head.indexOf('\r\n\r\n') + 4
    if (headLength < 4) return end
    const lines = head.slice(0, headLength)
    head = ''
    const status = lines.slice(9, 12)
    onStatus(status)
    const hasBody = status !== '304' && !isHead
    if (hasBody && /\r\ntransfer-encoding: *chunked/i.test(lines)) chunks = chunkReader()
    else if (hasBody) left = Number(/\r\ncontent-length: *(\d+)/i.exec(lines)?.[1] ?? 0)
    if (chunks === null && left === 0) onEnd()
    return at + headLength - before
  }

  function skipBody(at, length) {
    const taken = Math.min(left, length - at)
    left -= taken
    if (left === 0) onEnd()
    return at + taken
  }

  function skipChunks(at, length) {
    const next = chunks.take(at, length)
    if (chunks.isOver) {
      chunks = null
      onEnd()
    }
    return next
  }
}

/** Skips a chunked body (RFC 9112 §7.1). */
function chunkReader() {
  let size = ''
  let left = 0
  let isSize = true
  let isLast = false
  return {
    isOver: false,
    take(at, length) {
      while (at < length) {
        if (!isSize) {
          const taken = Math.min(left, length - at)
          left -= taken
          at += taken
          if (left > 0) return at
          isSize = true
          if (isLast) {
            this.isOver = true
            return at
          }
          continue
        }
        const char = String.fromCharCode(buffer[at++])
        if (char !== '\n') {
          size += char
          continue
        }
        const bytes = parseInt(size, 16)
        size = ''
        isSize = false
        isLast = bytes === 0
        left = bytes + 2
      }
      return at
    },
  }
}
