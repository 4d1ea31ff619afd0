/**
 * Links that expire.
 *
 * @module
 */
export { type SignOptions, signed, signUrl, withoutSignature } from './made/signed.ts'
export type { SigningKey } from './made/token.ts'
