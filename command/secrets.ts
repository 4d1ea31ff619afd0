import { readFileSync } from 'node:fs'
import { codeOf } from '../adapters/local/calls.ts'
import { Failure, messageOf } from './failure.ts'
import type { Address } from './hosts/host.ts'
import type { ServeOptions } from './options.ts'

/**
 * Whether it is `USER:PASS`. Clients may send no control characters in it (RFC 7617 §2), which a file
 * of several lines or in UTF-16 has.
 */
export function isPassword(text: string): boolean {
  return /^[^:\p{Cc}]+:\P{Cc}+$/u.test(text)
}

/**
 * The user and the password that clients must know, as `USER:PASS`; null for none. What is given in
 * a file or in the environment can't be seen in the list of processes.
 *
 * @param given as an option: `USER:PASS`, or `@FILE` for a file with one line
 * @throws Failure if it is malformed
 */
export function readPassword(given: string | null, fromEnvironment = ''): string | null {
  const text = given?.startsWith('@') ? read(given.slice(1), '--auth').trim() : given
  const password = text ?? (fromEnvironment || null)
  if (password === null || isPassword(password)) return password
  const place =
    given === null ? 'BYTESERVE_AUTH' : given.startsWith('@') ? given.slice(1) : '--auth'
  const rule = /\p{Cc}/u.test(password) ? ': one line in UTF-8, without control characters' : ''
  throw new Failure(`expected USER:PASS in ${place}${rule}`)
}

/** @throws Failure if a file can't be read, is no PEM, or is a key with a passphrase */
export function readTls(files: ServeOptions['tls']): Address['tls'] {
  return (
    files && {
      cert: readPem(files.cert, '--cert', 'CERTIFICATE'),
      key: readKey(files.key),
    }
  )
}

/** Runtimes say of a passphrase nothing that a person understands. */
function readKey(path: string): string {
  const text = readPem(path, '--key', 'PRIVATE KEY')
  if (!/BEGIN ENCRYPTED|4,ENCRYPTED/.test(text)) return text
  throw new Failure(
    `the key in ${path} has a passphrase; openssl pkey -in ${path} -out FILE writes it without one`,
  )
}

/** Of an empty file, Node would make a server that no client can reach. */
function readPem(path: string, option: string, label: string): string {
  const text = read(path, option)
  if (new RegExp(`-----BEGIN [A-Z\\d ]*${label}-----`).test(text)) return text
  throw new Failure(`expected a ${label} in PEM in the file of ${option}: ${path}`)
}

function read(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? `${path} does not exist` : messageOf(error)
    throw new Failure(`can't read the file of ${option}: ${why}`)
  }
}
