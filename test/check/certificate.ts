import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../support/temporary.ts'

interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
}

const directory = temporaryDirectory()
let made: Certificate | null = null

/** A certificate for 127.0.0.1 that nobody has signed, made once for a file of tests. */
export function certificate(): Certificate {
  if (made !== null) return made
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1'.split(' ')
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  made = { key: readFileSync(key), cert: readFileSync(cert) }
  return made
}
