import { kindOf, unexpected } from '../../src/errors.ts'
import type { HeaderFields } from '../../src/headers.ts'
import { closeSource, isBytes } from '../../src/reader.ts'
import type { Digests, FileSource, HeadersLike, RequestLike } from '../../src/source.ts'
import { overlay, plain } from './overlay.ts'

/**
 * Adds Repr-Digest (RFC 9530 §3) to a file, if its client asks by Want-Repr-Digest for an algorithm
 * by which its `digest` is known: the one that it prefers. So it is of the whole file on a 206, a
 * 304 and the answer to a HEAD, too. Every `site` does this. There is no Vary for it: the content
 * is the same, and a cache may give the digest to clients that did not ask (RFC 9110 §12.5.5).
 *
 * @throws what the file's `digest` throws, and TypeError if that gives no object, or a
 * digest is no Uint8Array, as a rejection; the file is closed then
 *
 * @example
 * ```ts
 * const file = await nodeFile('film.mp4')
 * serveFile(request, file && (await withDigest(request, { ...file, digest: { 'sha-256': hash } })))
 * ```
 */
export function withDigest(
  request: RequestLike,
  file: FileSource,
): FileSource | Promise<FileSource> {
  const wanted = file.digest ? wantedAlgorithms(request.headers.get('want-repr-digest')) : []
  return wanted.length === 0 ? file : addDigest(file, wanted)
}

async function addDigest(file: FileSource, wanted: readonly string[]): Promise<FileSource> {
  try {
    const known = (await digestsOf(file)) || {}
    if (kindOf(known) !== 'Object') throw unexpected('digests by algorithm', known)
    const name = wanted.find((name) => Object.hasOwn(known, name)) ?? ''
    const bytes = known[name]
    if (bytes === undefined) return file
    // Programs print digests in hexadecimal.
    if (!isBytes(bytes)) {
      throw unexpected(`the digest ${name} in bytes, as Buffer.from(hex, 'hex') gives them`, bytes)
    }
    const field = `${name}=:${btoa(String.fromCharCode(...bytes))}:`
    return { ...plain(file), headers: overlay(file.headers, { 'repr-digest': field }) }
  } catch (thrown) {
    void closeSource(file)
    throw thrown
  }
}

/** What a file says of its digests. */
export function digestsOf(
  file: FileSource,
): Digests | null | undefined | Promise<Digests | null | undefined> {
  return typeof file.digest === 'function' ? file.digest() : file.digest
}

/** Fields without digests (RFC 9530, and before): those of a file are of no other one. */
export function withoutDigests(headers: HeadersLike): HeaderFields {
  const fields = overlay(headers)
  for (const name of ['repr-digest', 'content-digest', 'digest', 'content-md5']) delete fields[name]
  return fields
}

/**
 * The algorithms of Want-Repr-Digest, the preferred first (RFC 9530 §4): a dictionary of weights
 * from 0, which means no, to 10.
 *
 * @example
 * wantedAlgorithms('sha-256=3, sha-512=10, md5=0') // ['sha-512', 'sha-256']
 */
export function wantedAlgorithms(value: string | null): string[] {
  const weights = new Map<string, number>()
  for (const member of value?.split(',') ?? []) {
    const [, name, weight] = MEMBER.exec(member) ?? []
    // RFC 9651 §3.2: of a repeated key, the last counts.
    if (name !== undefined) weights.set(name, Number(weight))
  }
  const weighed = [...weights].filter(([, weight]) => weight > 0)
  return weighed.sort(([, a], [, b]) => b - a).map(([name]) => name)
}

const MEMBER = /^[ \t]*([a-z*][a-z0-9_.*-]*)=(\d|10)[ \t]*(?:;|$)/
