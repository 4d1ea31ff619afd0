import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { TABLE } from './wire/table.ts'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

// Inside the package, which it imports by its name, as built.
mkdirSync(join(root, 'dist'), { recursive: true })
const directory = mkdtempSync(join(root, 'dist', 'readme-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** What the blocks leave to the program that they are part of. */
const AROUND = `
import { createServer } from 'node:http'
import { fileHandler, type Served, serveFile } from 'byteserve'
import { nodeDirectory, nodeFile, nodeListener } from 'byteserve/node'
declare function findInvoice(id: string): Promise<{ readonly path: string } | null>
`
const HONO = `import { Hono } from 'hono'\nconst app = new Hono()\n`
const EXPRESS = `import express from 'express'\nconst app = express()\n`

function toProgram(block: string): string {
  if (block.includes('import ')) return block
  return AROUND + (block.includes('(req, res') ? EXPRESS : HONO) + block
}

describe('README.md', () => {
  it('shows what compiles', () => {
    const blocks = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code ?? '')
    expect(blocks.length).toBeGreaterThan(5)
    const files = blocks.map((block, i) => {
      const path = join(directory, `block-${i}.ts`)
      writeFileSync(path, toProgram(block))
      return path
    })
    const flags = '--noEmit --strict --skipLibCheck --target es2022 --module nodenext --types node'
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const told = ['--ignoreConfig', ...flags.split(' '), ...files]
    const { status, stdout } = spawnSync(process.execPath, [tsc, ...told], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, ''])
  })

  it('counts the requests of the table about right', () => {
    const [, hundreds = ''] = /one table of more than (\d)00 requests/.exec(readme) ?? []
    expect(Math.floor(TABLE.length / 100)).toBe(Number(hundreds))
  })

  const links = Array.from(readme.matchAll(/\]\(([^)]+)\)/g), ([, link]) => link ?? '')
  const anchors = Array.from(readme.matchAll(/^#+ (.+)$/gm), ([, title = '']) => {
    return `#${title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-')}`
  })
  it.each(links)('links to %s, which is there', (link) => {
    expect(anchors.includes(link) || existsSync(join(root, link))).toBe(true)
  })
})
