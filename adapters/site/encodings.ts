import type { RequestLike } from '../../src/source.ts'
import { parseQualities } from './qualities.ts'

/** A content coding that files are stored in, beside the files themselves. */
export type Encoding = 'br' | 'zstd' | 'gzip'

/** What the name of a file in this coding ends in. */
export const EXTENSIONS: Readonly<Record<Encoding, string>> = {
  br: '.br',
  zstd: '.zst',
  gzip: '.gz',
}

/** All of them, the smallest first. */
export const ENCODINGS: readonly Encoding[] = ['br', 'zstd', 'gzip']

/**
 * The codings to look for, best first, by Accept-Encoding (RFC 9110 §12.5.3); none where the file
 * itself is as good. Of those that the client likes as much, the first of `stored` is the best.
 *
 * The file itself is acceptable even if the client refuses it: no client is helped by a 406.
 *
 * @example
 * acceptedEncodings('gzip, br', ['br', 'zstd', 'gzip']) // ['br', 'gzip']
 * acceptedEncodings('identity;q=1, *;q=0', ['br', 'gzip']) // []
 */
export function acceptedEncodings(
  accepted: string | null,
  stored: readonly Encoding[],
): Encoding[] {
  if (!accepted) return []
  const qualities = parseQualities(accepted)
  const rest = qualities.get('*') ?? 0
  // RFC 9110 §8.4.1.3: the same coding, by its old name.
  const gzip = qualities.get('x-gzip') ?? rest
  const qualityOf = (encoding: Encoding | 'identity') =>
    qualities.get(encoding) ?? (encoding === 'gzip' ? gzip : rest)
  const least = qualityOf('identity')
  return stored
    .filter((encoding) => qualityOf(encoding) > 0 && qualityOf(encoding) >= least)
    .toSorted((a, b) => qualityOf(b) - qualityOf(a))
}

/**
 * Accept-Encoding as the client sent it. Cloudflare replaces it by what its own servers accept, and
 * tells what it was; it decodes for the client, but then there is no range of it.
 */
export function acceptEncodingOf(request: RequestLike): string | null {
  const { cf } = request as { cf?: { clientAcceptEncoding?: unknown } }
  const sent = cf?.clientAcceptEncoding
  return typeof sent === 'string' ? sent : request.headers.get('accept-encoding')
}
