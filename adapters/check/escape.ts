/** How much is shown of a text that somebody else has written. */
export const MAX_LENGTH = 500

/** What could move a terminal's cursor, recolour or rewrite it. */
const CONTROLS = /[\p{C}\p{Zl}\p{Zp}]/gu

/** A text on one line, whoever wrote it: control characters are escaped, and a long one is cut. */
export function onOneLine(text: string): string {
  return escapeControls(shorten(text))
}

export function escapeControls(text: string): string {
  return escapeAll(text, CONTROLS)
}

/** @param pattern has the flags `g` and `u` */
export function escapeAll(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

export function shorten(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text
}
