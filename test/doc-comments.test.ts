import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import manifest from '../jsr.json' with { type: 'json' }
import { compile, writeInPackage } from './support/blocks.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'

const root = join(import.meta.dirname, '..')

/** What the examples use besides what the doors export. */
const GLOBALS = `
import type { serve as honoServe } from '@hono/node-server'
import type Express from 'express'
import type { Context as HonoContext, Hono } from 'hono'
import type { createServer as nodeServer } from 'node:http'
import type { FileLookup, FileSource } from 'byteserve'
import type { BlockTier } from 'byteserve/cache'
import type { R2BucketLike } from 'byteserve/r2'
import type { Credentials, S3Location } from 'byteserve/s3'
import type { FileTree } from 'byteserve/site'

declare global {
  interface CacheStorage { readonly default: Cache }
  interface Env { MEDIA: R2BucketLike }
  interface ExecutionContext { waitUntil(work: Promise<unknown>): void }
  type Context<E extends object> = HonoContext<E>
  const app: Hono
  const bucket: S3Location
  const createServer: typeof nodeServer
  const credentials: Credentials
  const endpoint: string
  const env: Env
  const express: typeof Express
  const file: FileSource
  const hash: Uint8Array
  const key: string
  const lookup: FileLookup<[env: Env, ctx: ExecutionContext]>
  const redis: {
    getBuffer(key: string): Promise<Uint8Array | null>
    set(key: string, value: Uint8Array, unit: 'EX', seconds: number): Promise<unknown>
  }
  const region: string
  const request: Request
  const serve: typeof honoServe
  const size: number
  const source: FileSource
  const tier: BlockTier
  const tree: FileTree
  function openRange(start: number, end: number): Promise<ReadableStream<Uint8Array>>
  function userOf(request: object): string
}
`

/** A module, as `deno doc --json` tells of it: of all that, what is used here. */
interface Module {
  readonly module_doc?: object
  readonly symbols: readonly { readonly name: string; readonly declarations: readonly object[] }[]
}

const doors = Object.entries(manifest.exports).map(([name, path]) => ({
  name: name.replace('.', 'byteserve'),
  path: join(root, path),
}))

function denoDoc(flag: string): { stdout: string; stderr: string } {
  const args = ['doc', '--quiet', flag, ...doors.map(({ path }) => path)]
  const env = { ...process.env, NO_COLOR: '1' }
  return spawnSync(runtimes.deno ?? 'deno', args, { env, encoding: 'utf8', maxBuffer: 2 ** 28 })
}

describe.runIf(isInstalled('deno'))('the doc comments of what is exported', () => {
  it('leave out no name, and no type that a signature names', () => {
    const errors = denoDoc('--lint').stderr.matchAll(/^error\[(.+?)\].*\n *--> (.+?):/gm)
    expect(Array.from(errors, ([, what, path = '']) => [relative(root, path), what])).toEqual([])
  })

  it('make a reference, without complaints, that imports doors by their names', () => {
    const script = join(root, 'docs/reference.mjs')
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    const page = join(root, 'dist/reference/adapters/node.ts/~/nodeDirectory.html')
    const text = readFileSync(page, 'utf8')
    expect(text).toContain('import { nodeDirectory } from &quot;byteserve/node&quot;')
  })

  it('show examples that compile', () => {
    const { nodes } = JSON.parse(denoDoc('--json').stdout)
    const modules = doors.map(({ name, path }) => {
      const { module_doc, symbols }: Module = nodes[pathToFileURL(path).href]
      const itself = { name: 'module', declarations: [{ jsDoc: module_doc }] }
      return { name, symbols: [itself, ...symbols] }
    })
    const imports = new Map(
      modules.flatMap(({ name: door, symbols }) => {
        return symbols.map(({ name }) => [name, `import { ${name} } from '${door}'\n`] as const)
      }),
    )
    const files = modules.flatMap(({ name: door, symbols }) =>
      symbols.flatMap(({ name, declarations }) =>
        examplesIn(declarations).map((code, i): [string, string] => {
          const file = `${door.replaceAll('/', '-')}-${name}-${i}.ts`
          const needed = /^import /m.test(code)
            ? []
            : namesIn(code).map((each) => imports.get(each))
          return [file, `${needed.join('')}export {}\n${code}`]
        }),
      ),
    )
    expect(files.length).toBeGreaterThan(60)
    const folder = writeInPackage(new Map([...files, ['globals.d.ts', GLOBALS]]))
    const names = files.map(([name]) => name)
    expect(compile(folder, ['globals.d.ts', '../../examples/globals.d.ts', ...names])).toBe('')
  })
})

/** The examples of a declaration and of its members. JSR and `deno doc` show them as Markdown. */
function examplesIn(declarations: object): string[] {
  const docs: string[] = []
  JSON.stringify(declarations, (_, value) => {
    if (value?.kind === 'example') docs.push(value.doc)
    return value
  })
  return docs.map((doc) => /^```ts\n(.*?)^```/ms.exec(doc)?.[1] ?? `not fenced: ${doc}`)
}

function namesIn(code: string): string[] {
  const names = code.replace(/\/\/ .*$/gm, '').match(/(?<![.\w'])[A-Za-z]\w+/g)
  return [...new Set(names)]
}
