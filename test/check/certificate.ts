import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
}

let made: Certificate | null = null

/** A certificate for 127.0.0.1 that nobody has signed, made once for a process of tests. */
export function certificate(): Certificate {
  if (made !== null) return made
  const directory = mkdtempSync(join(tmpdir(), 'byteserve-'))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1'.split(' ')
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  made = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(directory, { recursive: true })
  return made
}
