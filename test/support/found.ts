import { type Found, isSource } from '../../src/lookup.ts'
import type { FileSource } from '../../src/source.ts'

/** @throws Error when a lookup gave an answer where a file, or nothing, was expected */
export function sourceOf(found: Found | undefined): FileSource | null {
  if (!found) return null
  if (isSource(found)) return found
  throw new Error(`Expected a file, got an answer of ${found.status}`)
}
