/** @throws Error when the response has no body */
export function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) throw new Error(`Expected a body, got a ${response.status} without`)
  return reader
}
