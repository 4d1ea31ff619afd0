import type { Answer } from '../../src/answer.ts'

/**
 * A redirect from a folder's name to its URL, which ends in a slash. It is relative: wherever the
 * site is mounted, it leads to the same folder, and never to another host.
 *
 * @param name the last segment of what was asked for, encoded
 * @param search of what was asked for
 * @param cacheControl without a lifetime: the name may be that of a file tomorrow, and a browser
 * remembers a 308
 *
 * @example
 * toFolder('films', '?sort=name') // Location: ./films/?sort=name
 */
export function toFolder(name: string, search: string, cacheControl = 'no-cache'): Answer {
  const headers = { location: `./${name}/${search}`, 'cache-control': cacheControl }
  return { status: 308, headers, pieces: [] }
}
