import { Checked, expectHeaders, type HeaderFields } from '../../src/headers.ts'
import type { HeadersLike } from '../../src/source.ts'

/**
 * Header fields over others: of a name that several have, the last counts; but Vary lists all that
 * any of them depends on.
 *
 * @throws TypeError unless every server can send them
 */
export function overlay(...layers: readonly (HeadersLike | null | undefined)[]): HeaderFields {
  const fields = new Checked()
  for (const layer of layers) {
    for (const [name, value] of Object.entries(expectHeaders(layer ?? {}))) {
      const others = name === 'vary' ? fields.vary : undefined
      fields[name] = others === undefined ? value : `${others}, ${value}`
    }
  }
  return fields
}
