/**
 * Links that expire.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { nodeDirectory, nodeListener } from 'byteserve/node'
 * import { signed, signUrl } from 'byteserve/sign'
 *
 * const key = process.env.SIGNING_KEY ?? ''
 * createServer(nodeListener(signed(nodeDirectory('films'), key))).listen(8080)
 * console.log(await signUrl('/film.mp4', key))
 * ```
 *
 * @module
 */
export { type SignOptions, signed, signUrl, withoutSignature } from './made/sign/signed.ts'
export type { SigningKey } from './made/sign/token.ts'
