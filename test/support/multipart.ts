export interface Part {
  readonly headers: Record<string, string>
  readonly bytes: Uint8Array
}

/**
 * Reads a multipart/byteranges body by its boundaries alone (RFC 2046 §5.1.1).
 *
 * @throws when anything stands where the grammar has no place for it
 */
export function parseMultipart(contentType: string, body: Uint8Array): Part[] {
  const boundary = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(contentType)?.[1]
  if (boundary === undefined) throw new Error(`Expected a boundary, got ${contentType}`)
  // A character for each byte, so that positions are the same.
  const text = Buffer.from(body).toString('latin1')
  const [preamble, ...sections] = text.split(`\r\n--${boundary}`)
  if (preamble !== '') throw new Error(`Expected no preamble, got ${preamble}`)
  if (sections.pop() !== '--\r\n') throw new Error('Expected a closing boundary at the end')
  return sections.map((section) => {
    const head = section.indexOf('\r\n\r\n')
    const lines = section.slice(0, head).split('\r\n')
    if (head < 0 || lines.shift() !== '') throw new Error(`Expected a part, got ${section}`)
    const fields = lines.map((line) => {
      const [, name, value] = /^([\w-]+): (.*)$/.exec(line) ?? []
      if (name === undefined || value === undefined)
        throw new Error(`Expected a field, got ${line}`)
      return [name.toLowerCase(), value]
    })
    const bytes = Buffer.from(section.slice(head + 4), 'latin1')
    return { headers: Object.fromEntries(fields), bytes: new Uint8Array(bytes) }
  })
}
