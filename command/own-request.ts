import type { RequestLike } from '../src/source.ts'

/** What this program itself asks of its files: nothing but these. */
export const GET: RequestLike = { method: 'GET', url: '/', headers: { get: () => null } }

/** For those who want to know what a file is, and not its bytes. */
export const HEAD: RequestLike = { ...GET, method: 'HEAD' }
