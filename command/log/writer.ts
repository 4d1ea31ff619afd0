const LINE_FEED = 10

/**
 * Makes a way to write lines, one text after another. What can't be written is lost; where a line
 * was cut by that, the next text begins on a line of its own.
 *
 * @param writeSome fulfilled with how many of the bytes were written; rejects if none ever will be
 * @returns writes a text; fulfilled with how many of its lines were lost, and never rejects
 */
export function lineWriter(
  writeSome: (bytes: Uint8Array) => Promise<number>,
): (text: string) => Promise<number> {
  let last = Promise.resolve(0)
  let isCut = false

  async function writeAll(text: string): Promise<number> {
    const start = isCut ? 1 : 0
    const bytes = new TextEncoder().encode(isCut ? `\n${text}` : text)
    let at = 0
    try {
      while (at < bytes.length) at += await writeSome(bytes.subarray(at))
      isCut = false
      return 0
    } catch {
      if (at > 0) isCut = bytes[at - 1] !== LINE_FEED
      return bytes.subarray(Math.max(at, start)).filter((byte) => byte === LINE_FEED).length
    }
  }

  return (text) => {
    last = last.then(() => writeAll(text))
    return last
  }
}
