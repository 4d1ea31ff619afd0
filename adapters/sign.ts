/**
 * Links that expire.
 *
 * @module
 */
export { type SignOptions, signed, signUrl, withoutSignature } from './made/sign/signed.ts'
export type { SigningKey } from './made/sign/token.ts'
