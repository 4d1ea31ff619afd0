import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type BunOptions, bunDirectory, bunFile } from '../../adapters/bun.ts'
import { serveFile } from '../../src/serve.ts'
import { describeSource } from '../contract.ts'
import { someBytes } from '../support/counting-source.ts'
import { namedFiles, pathLookup, putFile } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const directory = temporaryDirectory()

function bunFiles(options: BunOptions) {
  return namedFiles(directory, (path) => bunFile(path, { ...options, keepOpen: 0 }))
}

describeSource('bunFile, stable', bunFiles({ stable: true }))

// Who reads Bun's own body is told of no change: see changes.test.ts, of test/wire.
const { changes: _, ...unchanging } = bunFiles({})
describeSource("bunFile, with Bun's own bodies", unchanging)

const lookUp = pathLookup(directory, bunDirectory(directory, { stable: true, keepOpen: 0 }))
describeSource('bunDirectory', namedFiles(directory, lookUp))

/** Of these Bun hands over its own body. */
const LARGE = 2 * 1024 * 1024

it('a large file that is no medium keeps the fields that it is given', async () => {
  const path = join(directory, 'large.zip')
  writeFileSync(path, '')
  truncateSync(path, LARGE)
  const headers = { 'cache-control': 'no-store', 'content-disposition': 'attachment' }
  const [told, untold] = [await bunFile(path, { headers }), await bunFile(path)]
  await Promise.all([told?.close?.(), untold?.close?.()])
  expect([told, untold].map((source) => Object.fromEntries(new Headers(source?.headers)))).toEqual([
    headers,
    { 'content-disposition': 'inline' },
  ])
})

it.each([
  ['replaced', (path: string) => renameSync(putFile(directory, someBytes(LARGE, 2)), path)],
  ['removed', (path: string) => rmSync(path)],
])('a file %s before its native body is opened is sent', async (_how, change) => {
  const bytes = someBytes(LARGE)
  const path = putFile(directory, bytes)
  const source = await bunFile(path)
  change(path)
  const response = await serveFile(new Request('http://localhost/'), source)
  expect(Buffer.compare(await response.bytes(), bytes)).toBe(0)
})
