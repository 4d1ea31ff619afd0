/**
 * What a client accepts, by name in lower case, each with a weight from 0 to 1 (RFC 9110 §12.4.2).
 * An element that has no valid weight has the weight 1; of a repeated name, the first counts.
 *
 * @param value of Accept, Accept-Encoding and the like, whose other parameters are ignored
 *
 * @example
 * parseQualities('br;q=0.5, gzip, *;q=0') // Map { 'br' => 0.5, 'gzip' => 1, '*' => 0 }
 */
export function parseQualities(value: string): Map<string, number> {
  const qualities = new Map<string, number>()
  for (const element of value.toLowerCase().split(',')) {
    const [accepted = ''] = element.split(';', 1)
    const name = accepted.trim()
    const [, weight = 1] = WEIGHT.exec(element) ?? []
    if (name !== '' && !qualities.has(name)) qualities.set(name, Math.min(Number(weight), 1))
  }
  return qualities
}

/**
 * The weight of a media type: that of what names it most exactly (RFC 9110 §12.5.1).
 *
 * @example
 * qualityOf(parseQualities('text/html;q=0.2, text/*;q=0.5'), 'text/html') // 0.2
 */
export function qualityOf(accepted: ReadonlyMap<string, number>, type: string): number {
  const range = type.replace(/[^/]+$/, '*')
  return accepted.get(type) ?? accepted.get(range) ?? accepted.get('*/*') ?? 0
}

/** The RFC allows three digits. More are accepted, so that `q=0.0000` still refuses. */
const WEIGHT = /;[ \t]*q[ \t]*=[ \t]*([01](?:\.\d*)?)[ \t]*(?:;|$)/
