import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Whom each file of the core imports, values or types: downwards only. */
const IMPORTS: Record<string, string[]> = {
  index: [
    'answer',
    'body',
    'decide',
    'errors',
    'headers',
    'prepare',
    'range',
    'serve',
    'served',
    'source',
  ],
  serve: ['answer', 'body', 'errors', 'prepare', 'range', 'reader', 'served', 'source'],
  prepare: ['answer', 'decide', 'errors', 'reader', 'served', 'source'],
  served: ['answer', 'range', 'source'],
  answer: ['decide', 'errors', 'headers', 'multipart', 'range', 'source', 'validators'],
  decide: ['errors', 'range', 'source', 'validators'],
  headers: ['range', 'source', 'validators'],
  multipart: ['range'],
  body: ['errors', 'reader'],
  reader: ['errors', 'range', 'source'],
  errors: [],
  range: [],
  source: [],
  validators: [],
}

describe('the core', () => {
  it('is these files, and no other', () => {
    expect(filesOf('src').sort()).toEqual(
      Object.keys(IMPORTS)
        .map((name) => `${name}.ts`)
        .sort(),
    )
  })

  it.each(Object.entries(IMPORTS))('%s imports what lies below it', (name, below) => {
    const imported = new Set(importsOf('src', `${name}.ts`))
    expect([...imported].sort()).toEqual(below.map((other) => `./${other}.ts`))
  })

  it('imports downwards only', () => {
    const names = Object.keys(IMPORTS)
    const upwards = Object.entries(IMPORTS).filter(([name, below]) => {
      return below.some((other) => names.indexOf(other) <= names.indexOf(name))
    })
    expect(upwards).toEqual([])
  })

  it('makes a Response in one place', () => {
    const makers = filesOf('src').filter((file) => {
      return /\bnew Response\s*\(|\bResponse\.(?:json|error|redirect)\b/.test(read('src', file))
    })
    expect(makers).toEqual(['serve.ts'])
  })

  it('names no runtime', () => {
    const globals = /\b(?:process|Buffer|Bun|Deno|require|setImmediate|__dirname)\b\s*[.([]/
    expect(
      filesOf('src').filter((file) => globals.test(withoutComments(read('src', file)))),
    ).toEqual([])
  })

  it('takes some 5.5 kB, minified and zipped', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(root, 'src/index.ts')],
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
    })
    const [bundle] = outputFiles
    expect(outputFiles.length).toBe(1)
    expect(gzipSync(bundle?.contents ?? '', { level: 9 }).length).toBeLessThanOrEqual(5550)
  })
})

describe('the adapters', () => {
  it.each(filesOf('adapters'))('%s imports the core, its like, and its own platform', (file) => {
    const isFine = (path: string) => /^(?:\.\.\/src\/|\.\/|node:|mime(?:\/|$))/.test(path)
    expect(importsOf('adapters', file).filter((path) => !isFine(path))).toEqual([])
  })

  it.each(['r2.ts', 'blob.ts', 'path.ts'])('%s has nothing of Node under it', (file) => {
    const under = [file]
    const others: string[] = []
    for (const each of under) {
      for (const path of importsOf('adapters', each)) {
        if (path.startsWith('./')) under.push(path.slice(2))
        else if (!path.startsWith('../src/')) others.push(path)
      }
    }
    expect(others).toEqual([])
  })
})

function filesOf(directory: string): string[] {
  return readdirSync(join(root, directory)).filter((file) => file.endsWith('.ts'))
}

function read(directory: string, file: string): string {
  return readFileSync(join(root, directory, file), 'utf8')
}

/** What a file imports or exports from, statically or not. */
function importsOf(directory: string, file: string): string[] {
  const code = withoutComments(read(directory, file))
  const pattern = /\b(?:from|import)\s*\(?\s*(['"])(.+?)\1/g
  return Array.from(code.matchAll(pattern), ([, , path]) => path ?? '')
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
