import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { check } from '../adapters/check.ts'
import { FILE_SERVERS, type FileServer } from './check/file-servers.ts'
import { bytesOf } from './check/model-server.ts'
import { temporaryDirectory } from './support/temporary.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/check.md'), 'utf8')

/** What fails of each server, as the page says. */
const documented = new Map(
  Array.from(
    page.matchAll(/^\| ([^|]+?) +\| [^|]+ \| ([^|]*?) +\|$/gm),
    ([, name = '', ids = '']) => [name, Array.from(ids.matchAll(/`([\w-]+)`/g), ([, id]) => id)],
  ),
)

const scratch = temporaryDirectory()
const root = join(scratch, 'files')
mkdirSync(root)
// Some servers read files as a user of their own.
chmodSync(scratch, 0o755)
const head = Buffer.alloc(32)
head.write('\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x10moov', 'latin1')
writeFileSync(join(root, 'film.mp4'), bytesOf({ size: 0, head }, 0, 3_145_853))
utimesSync(
  join(root, 'film.mp4'),
  new Date('2026-11-01T10:00:00Z'),
  new Date('2026-11-01T10:00:00Z'),
)

describe('docs/check.md says what fails of', () => {
  it.each(FILE_SERVERS.filter(canStart))('$name', async ({ name, start }) => {
    const server = await start(root, scratch)
    try {
      const report = await check(`http://127.0.0.1:${server.port}/film.mp4`)
      const failed = report.rows.filter(({ outcome }) => outcome === 'fail')
      expect(
        failed.map(({ id }) => id),
        String(report),
      ).toEqual(documented.get(name))
    } finally {
      await server.stop()
    }
  })
})

/** A missing server is said aloud, and one that is required is a failure in CI. */
function canStart({ name, isInstalled, isRequired }: FileServer): boolean {
  if (isInstalled) return true
  const message = `${name} is not installed: what check says of it can't be tested`
  if (process.env.CI && isRequired) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return false
}
