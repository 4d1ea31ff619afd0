import type { HeaderFields } from '../../src/headers.ts'
import type { HeadersLike } from '../../src/source.ts'

/**
 * Header fields over others: of a name that several have, the last counts; but Vary lists all that
 * any of them depends on.
 */
export function overlay(...layers: readonly (HeadersLike | null | undefined)[]): HeaderFields {
  const fields: HeaderFields = {}
  for (const layer of layers) {
    if (!layer) continue
    for (const [name, value] of new Headers(layer)) {
      const others = name === 'vary' ? fields.vary : undefined
      fields[name] = others === undefined ? value : `${others}, ${value}`
    }
  }
  return fields
}
