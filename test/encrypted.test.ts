import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { decrypted } from '../examples/encrypted.ts'
import { readBytes } from '../src/reader.ts'
import { countingSource, someBytes } from './support/counting-source.ts'
import { areInstalled } from './support/installed.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const run = promisify(execFile)

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
// It overflows its last 32 bits within the file.
const COUNTER = '0000000000000000ffffffffffffff00'
const plain = someBytes(1_000_003)

describe('a file encrypted by AES-CTR', () => {
  it('has any range, and only that is decrypted', async () => {
    const counter = Buffer.from(COUNTER, 'hex')
    const key = await crypto.subtle.importKey('raw', Buffer.from(KEY, 'hex'), 'AES-CTR', false, [
      'encrypt',
      'decrypt',
    ])
    const algorithm = { name: 'AES-CTR', counter, length: 128 }
    const encrypted = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, plain))
    const position = fc.nat(plain.length)
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const source = countingSource(encrypted)
        const bytes = await readBytes(decrypted(source, key, counter), start, end)
        expect(Buffer.compare(bytes, plain.subarray(start, end))).toBe(0)
        expect(source.reads.every(([from, to]) => from > start - 16 && to <= end)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  describe.runIf(areInstalled('openssl'))('by openssl', () => {
    const directory = temporaryDirectory()
    const paths = ['encrypted', 'plain'].map((name) => join(directory, name))
    const program = join(import.meta.dirname, 'programs/decrypted.mjs')

    beforeAll(() => {
      writeFileSync(paths[1] ?? '', plain)
      const args = ['enc', '-aes-256-ctr', '-K', KEY, '-iv', COUNTER, '-out', paths[0] ?? '']
      execFileSync('openssl', args, { input: plain })
    })

    it.each([
      ['node', []],
      ['bun', []],
      ['deno', ['run', '-A', '--no-lock', '--cached-only']],
    ] as const)('is decrypted on %s', async (runtime, flags) => {
      if (!isInstalled(runtime)) return
      const args = [...flags, program, ...paths, KEY, COUNTER]
      const { stdout } = await run(runtimes[runtime] ?? runtime, args)
      expect(stdout.trim()).toBe('the same')
    })
  })
})
