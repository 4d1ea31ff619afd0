import { Checked, expectHeaders, type HeaderFields } from '../../src/headers.ts'
import { closeSource } from '../../src/reader.ts'
import type { FileSource, HeadersLike } from '../../src/source.ts'
import { plain } from './plain.ts'

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

/**
 * A file with fields that its own lie over; it is closed if one of them can't be sent.
 *
 * @throws TypeError unless every server can send them
 */
export function withDefaults(file: FileSource, defaults: HeadersLike): FileSource {
  try {
    return { ...plain(file), headers: overlay(defaults, file.headers) }
  } catch (thrown) {
    void closeSource(file)
    throw thrown
  }
}
