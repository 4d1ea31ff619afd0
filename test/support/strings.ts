/** Every string of up to `length` characters of an alphabet. */
export function* strings(alphabet: string, length: number, start = ''): Generator<string> {
  yield start
  if (start.length === length) return
  for (const next of alphabet) yield* strings(alphabet, length, start + next)
}
