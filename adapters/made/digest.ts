/** A name of 64 characters for a text, safe in paths and URLs: its SHA-256 in hexadecimal. */
export async function nameFor(text: string): Promise<string> {
  const bytes = await digest(new TextEncoder().encode(text))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The SHA-256 of bytes. */
export async function digest(bytes: Uint8Array): Promise<Uint8Array> {
  // The type excludes shared memory, which no block is in.
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}
