import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The files that a page of `docs` shows, by the names in their first lines. */
export function blocksOf(page: string): Map<string, string> {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const blocks = text.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)
  return new Map(Array.from(blocks, ([, name = '', code = '']) => [name, code]))
}

/** Writes files into a new folder of the package, which they import by its name, as built. */
export function writeInPackage(files: ReadonlyMap<string, string>): string {
  mkdirSync(join(root, 'dist'), { recursive: true })
  const folder = mkdtempSync(join(root, 'dist', 'docs-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
