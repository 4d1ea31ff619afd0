import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { afterAll } from 'vitest'
import { fetchOnce } from './client.ts'
import { freePort } from './ports.ts'
import { type Program, run } from './process.ts'
import { runtimes } from './runtimes.ts'
import { eventually } from './wait.ts'

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

const FLAGS = ['--noEmit', '--strict', '--skipLibCheck', '--esModuleInterop', '--ignoreConfig']
const TARGET = ['--target', 'es2022', '--module', 'nodenext', '--types', 'node']

/** What the compiler says of files of a folder. */
export function compile(folder: string, names: readonly string[]): string {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, ...FLAGS, ...TARGET, ...names]
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }).stdout
}

/** Starts a block as it stands, but for its types, at a port that it takes from PORT. */
export async function startBlock(
  folder: string,
  block: string,
  runtime: 'node' | 'bun' | 'deno',
): Promise<{ port: number; program: Program }> {
  const { code } = await transform(block, { loader: 'ts', format: 'esm' })
  const script = join(folder, `${crypto.randomUUID()}.mjs`)
  writeFileSync(script, code)
  const port = await freePort()
  const env = { ...process.env, PORT: String(port) }
  const flags = runtime === 'deno' ? ['run', '-A', '--no-lock', '--cached-only'] : []
  const program = run(runtimes[runtime] ?? runtime, [...flags, script], { cwd: folder, env })
  await listens(port, program)
  return { port, program }
}

/** @throws Error with what the program said, when it ends before it listens */
export async function listens(port: number, program: Program): Promise<void> {
  await eventually(`a server at ${port}`, async () => {
    if (!program.isAlive()) throw new Error(program.stdout() + program.stderr())
    return fetchOnce(port, ['HEAD / HTTP/1.1']).then(
      () => true,
      () => null,
    )
  })
}
