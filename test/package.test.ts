import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { build } from 'vite'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { fetchOnce } from './support/client.ts'
import { startWorker } from './support/miniflare.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { start } from './support/start.ts'
import { temporaryDirectory } from './support/temporary.ts'

// npm, tsc and attw take their time on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const root = fileURLToPath(new URL('..', import.meta.url))
/** That the types are for, as docs/getting-started.md says. */
const OLDEST_TYPESCRIPT = '5.4.5'

const RANGE_OF_HELLO = ['GET /hello.txt HTTP/1.1', 'Range: bytes=7-']

const manifest = readManifest('package.json')
const jsr = readManifest('jsr.json')

const scratch = temporaryDirectory()
/** The oldest is no dependency: npm would put its `tsc` in the place of ours. */
const old = join(scratch, 'old')
const TSC = {
  latest: join(root, 'node_modules/typescript/bin/tsc'),
  oldest: join(old, 'node_modules/typescript/bin/tsc'),
}
/** A copy of what a clone holds, with a leftover of an earlier build. */
const clone = join(scratch, 'clone')
/** An empty project that the packed package is installed into, from the tarball alone. */
const project = join(scratch, 'project')
let packed: Packed
let tarball: string

beforeAll(async () => {
  const installing = installOldest()
  mkdirSync(join(clone, 'dist/src'), { recursive: true })
  writeFileSync(join(clone, 'dist/src/leftover.js'), '')
  const files = [
    'package.json',
    'jsr.json',
    'tsconfig.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ]
  for (const name of ['src', 'adapters', 'command', 'examples', 'test/package', ...files]) {
    cpSync(join(root, name), join(clone, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
  const installed = Object.keys(manifest.dependencies).map((name) =>
    join(root, 'node_modules', name),
  )
  const packing = pack(clone, [...installed, '--ignore-scripts'])
  ;[packed] = await pack(clone, [])
  tarball = join(scratch, packed.filename)
  const dependencies = await packing

  cpSync(join(root, 'test/package'), project, { recursive: true })
  cpSync(join(root, 'examples/worker.ts'), join(project, 'worker.ts'))
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  writeFileSync(join(project, 'hello.txt'), 'hello, world')
  const tarballs = [tarball, ...dependencies.map(({ filename }) => join(scratch, filename))]
  await npm(project, ['install', '--offline', '--no-audit', '--no-fund', ...tarballs])
  await installing
})

async function installOldest(): Promise<void> {
  mkdirSync(old)
  writeFileSync(join(old, 'package.json'), '{ "private": true }')
  const wanted = `typescript@${OLDEST_TYPESCRIPT}`
  // .ci/run has put it into npm's cache.
  const flags = ['--no-audit', '--no-fund', '--prefer-offline']
  await npm(old, ['install', ...flags, wanted]).catch((error) => {
    if (process.env.CI) throw error
    console.warn(`SKIPPED: ${wanted} can't be installed`)
  })
}

describe('npm pack', () => {
  it('holds what is built, for each file of the sources, and nothing else', () => {
    const sources = ['src', 'adapters', 'command'].flatMap((name) => sourcesIn(name))
    const built = sources.flatMap((path) =>
      ['.js', '.d.ts', '.d.ts.map'].map((extension) => `dist/${path}${extension}`),
    )
    // What the maps lead to.
    const originals = sources.map((path) => `${path}.ts`)
    const singles = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    expect(packed.files.map(({ path }) => path).sort()).toEqual(
      [...built, ...originals, ...singles].sort(),
    )
  })

  it('publint finds nothing', async () => {
    const { buffer } = new Uint8Array(readFileSync(tarball))
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true })
    expect(messages).toEqual([])
  })

  it('are-the-types-wrong finds nothing', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    await run(process.execPath, [attw, tarball, '--profile', 'esm-only'], scratch)
  })
})

describe.concurrent('the packed package, installed', () => {
  const served = [
    'blob 206 world',
    'bun 206 world',
    'cache 206 world',
    'concat 206 worldhello, world',
    'deno 206 world',
    'mp4 206 world',
    'node 206 world',
    'r2 404 ',
    'sign 403 ',
    'site 206 world',
    'zip 206 ',
    'check function',
    'directoryTier function',
    'files function',
    'httpOrigin function',
    's3Bucket function',
  ]

  it('Node imports every subpath', async () => {
    expect(await run(process.execPath, ['import.mjs'], project)).toEqual(served)
  })

  // Node 20.19 and later, 22.12 and later.
  it.runIf('require_module' in process.features)('Node requires every subpath', async () => {
    const args = ['--no-warnings', 'require.cjs']
    expect(await run(process.execPath, args, project)).toEqual(served)
  })

  it.runIf(isInstalled('bun'))('Bun imports every subpath', async () => {
    expect(await run(runtimes.bun, ['import.mjs'], project)).toEqual(served)
  })

  it.runIf(isInstalled('deno'))('Deno imports every subpath', async () => {
    expect(await run(runtimes.deno, ['run', '--allow-read', 'import.mjs'], project)).toEqual(served)
  })

  it('Vite bundles it for a page', async () => {
    const lib = { entry: 'page.mjs', formats: ['es' as const], fileName: 'page' }
    const output = { outDir: 'bundle', lib, minify: true }
    await build({ root: project, configFile: false, logLevel: 'error', build: output })
    expect(await run(process.execPath, ['bundle/page.js'], project)).toEqual(['206 world'])
  })

  it('esbuild bundles it for a Worker, as wrangler does', async () => {
    const files = { 'hello.txt': { bytes: readFileSync(join(project, 'hello.txt')) } }
    const worker = await startWorker(files, join(project, 'worker.ts'))
    try {
      const { status, body } = await fetchOnce(worker.port, RANGE_OF_HELLO)
      expect({ status, body: String(body) }).toEqual({ status: 206, body: 'world' })
    } finally {
      await worker.stop()
    }
  })

  it('npx byteserve is this version, and serves', async () => {
    const version = ['exec', '--offline', '--', 'byteserve', '--version']
    expect(await npm(project, version)).toEqual([manifest.version])
    const command = join(project, 'node_modules/.bin/byteserve')
    const server = await start(command, ['.', '--port', '0'], project)
    try {
      const { status, body } = await fetchOnce(server.port, RANGE_OF_HELLO)
      expect({ status, body: String(body) }).toEqual({ status: 206, body: 'world' })
    } finally {
      await server.stop()
    }
  })
})

// One after the other: each compiler has a core to itself, where five at once would have a fifth each.
describe('its types, every library checked', () => {
  const nodenext = ['--module', 'nodenext']
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler']
  const page = ['anywhere.ts', 'doors-anywhere.ts', '--lib', 'es2022,dom', '--types', '']
  const server = ['anywhere.ts', 'doors.ts', 'server.ts', '--types', 'node', '--lib']
  const projects: [string, string[]][] = [
    ['a page, bundler', [...bundler, ...page]],
    ['a server with the types of the DOM, nodenext', [...nodenext, ...server, 'es2022,dom']],
  ]

  beforeAll(() => {
    for (const name of ['@types', '@cloudflare']) {
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
    }
    const doors = Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'))
    const lines = doors.map((path, i) => `export * as door${i} from 'byteserve${path.slice(1)}'\n`)
    writeFileSync(join(project, 'doors.ts'), lines.join(''))
    // But for those that need the types of Node, as docs/getting-started.md says.
    const elsewhere = lines.filter((line) => !/\/(?:node|bun|deno|check)'/.test(line))
    writeFileSync(join(project, 'doors-anywhere.ts'), elsewhere.join(''))
  })

  it.each(projects)('%s', async (_, args) => {
    expect(await compile(args)).toEqual([])
  })

  it('a Worker with the types of Cloudflare, which are exact about optional properties', async () => {
    const types = ['--types', '@cloudflare/workers-types', '--exactOptionalPropertyTypes']
    expect(await compile([...bundler, 'worker-types.ts', '--lib', 'es2022', ...types])).toEqual([])
  })

  it('a server, with the oldest TypeScript that they are for', async ({ skip }) => {
    if (!existsSync(TSC.oldest)) skip()
    expect(await compile([...nodenext, ...server, 'es2022,dom'], 'oldest')).toEqual([])
  })

  // HeadersInit and BodyInit are names that only the DOM's types have.
  it('a server without the types of the DOM, nodenext', async () => {
    expect(await compile([...nodenext, ...server, 'es2022'])).toEqual([])
  })
})

describe.concurrent('jsr.json', () => {
  it('says the same as package.json', () => {
    const entries = Object.entries(manifest.exports).filter(
      ([, entry]) => typeof entry === 'object',
    )
    const sources = entries.map(([path, entry]) => [path, toSource(Object(entry).default)])
    const { version, license } = manifest
    const { publish, ...said } = jsr
    expect(said).toEqual({
      name: '@byteserve/byteserve',
      version,
      license,
      exports: Object.fromEntries(sources),
    })
  })

  it.runIf(isInstalled('deno'))('JSR takes it: explicit types, no surplus file', async () => {
    const args = ['publish', '--dry-run', '--allow-dirty', '--no-check']
    const { stderr } = await execute(runtimes.deno, args, clone)
    const files = [...stderr.matchAll(/\/clone\/(\S+) \(/g)].map(([, path]) => path)
    const sources = ['src', 'adapters'].flatMap((name) => sourcesIn(name))
    const singles = ['CHANGELOG.md', 'LICENSE', 'README.md', 'jsr.json']
    expect(files.sort()).toEqual([...sources.map((path) => `${path}.ts`), ...singles].sort())
  })
})

describe('in a project of TypeScript that is CommonJS', () => {
  const page = readFileSync(join(root, 'docs/getting-started.md'), 'utf8')
  /** What the page says that it sees, in pieces: what it leaves out stands between them. */
  const quoted = [...page.matchAll(/^ {4}error (TS\d+): (.*\n {4}.*)$/gm)].map(
    ([, code = '', text = '']) => [code, text.replace(/\s+/g, ' ').split(' … ')] as const,
  )
  const errors = new Map(quoted)

  it.for<[module: string, version: keyof typeof TSC, code: string | null]>([
    ['node16', 'latest', 'TS1479'],
    ['nodenext', 'latest', null],
    ['nodenext', 'oldest', 'TS1479'],
    ['commonjs', 'latest', null],
    ['commonjs', 'oldest', 'TS2307'],
  ])('sees of --module %s with the %s TypeScript: %s', async ([module, version, code], {
    skip,
  }) => {
    if (!existsSync(TSC[version])) skip()
    // Whether it is found does not depend on any other types: they are most of the work.
    const types = ['--typeRoots', 'none', '--lib', 'es2022', '--skipLibCheck']
    const args = ['commonjs/server.ts', '--noEmit', '--module', module, ...types]
    const said = await run(process.execPath, [TSC[version], ...args], project).then(
      () => '',
      ({ message }: Error) => message.replace(/\s+/g, ' '),
    )
    const [found = null] = /TS\d+/.exec(said) ?? []
    const pieces = errors.get(code ?? '') ?? []
    expect([found, pieces.filter((piece) => !said.includes(piece))]).toEqual([code, []])
    expect(pieces.length > 0).toBe(code !== null)
  })
})

async function compile(args: string[], version: keyof typeof TSC = 'latest'): Promise<string[]> {
  // TypeScript's own libraries are none of ours: no file of the package adds to them.
  const checked = ['--skipLibCheck', 'false', '--skipDefaultLibCheck']
  const strict = ['--noEmit', '--strict', ...checked, '--target', 'es2022']
  return run(process.execPath, [TSC[version], ...strict, ...args], project)
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

interface Manifest {
  readonly version: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Record<string, string | { readonly default: string }>
  readonly publish?: unknown
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

/** The source that an export is built from. */
function toSource(built: string): string {
  return built.replace('/dist/', '/').replace(/\.js$/, '.ts')
}

/** The sources in a folder and below, without their extension. */
function sourcesIn(folder: string): string[] {
  const names = readdirSync(join(clone, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replace(/\.ts$/, '')}`)
}

/** Packs a folder, or those that are named. */
async function pack(directory: string, args: string[]): Promise<[Packed, ...Packed[]]> {
  const lines = await npm(directory, ['pack', '--json', '--pack-destination', scratch, ...args])
  return JSON.parse(lines.join('\n'))
}

function npm(cwd: string, args: string[]): Promise<string[]> {
  return run('npm', args, cwd)
}

/** Runs a program to its end. Gives what it printed, line by line; throws when it fails. */
async function run(program: string | null, args: string[], cwd: string): Promise<string[]> {
  const { stdout } = await execute(program, args, cwd)
  return stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n')
}

async function execute(
  program: string | null,
  args: string[],
  cwd: string,
): Promise<{ stdout: string; stderr: string }> {
  if (program === null) throw new Error(`Expected a program to run ${args[0]} with`)
  const env = { ...process.env, NO_COLOR: '1' }
  try {
    return await promisify(execFile)(program, args, { cwd, env, timeout: 170_000 })
  } catch (error) {
    const { stdout, stderr } = Object(error)
    throw new Error(`${basename(program)} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
  }
}
