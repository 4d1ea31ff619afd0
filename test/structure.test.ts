import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** The floors of the house, from the ground up: each stands on those before it, and on its like. */
const FLOORS = ['src', 'adapters/store', 'adapters/site', 'adapters', 'command']

describe('the house', () => {
  it.each(sourcesBelow('src', 'adapters', 'command'))('%s imports downwards only', (file) => {
    const isFine = (path: string) =>
      !path.startsWith('.') || floorOf(join(dirname(file), path)) <= floorOf(file)
    expect(importsOf(file).filter((path) => !isFine(path))).toEqual([])
  })
})

/** On which floor a file stands. */
function floorOf(file: string): number {
  return FLOORS.findLastIndex((floor) => file.startsWith(`${floor}/`))
}

describe('the core', () => {
  it('imports no package and no runtime', () => {
    const foreign = sourcesBelow('src')
      .flatMap(importsOf)
      .filter((path) => !path.startsWith('./'))
    expect(foreign).toEqual([])
  })

  it('makes a Response in one place', () => {
    const makers = sourcesBelow('src').filter((file) => {
      return /\bnew Response\s*\(|\bResponse\.(?:json|error|redirect)\b/.test(read(file))
    })
    expect(makers).toEqual(['src/serve.ts'])
  })

  it('names no runtime', () => {
    const globals = /\b(?:process|Buffer|Bun|Deno|require|setImmediate|__dirname)\b\s*[.([]/
    const named = sourcesBelow('src').filter((file) => globals.test(withoutComments(read(file))))
    expect(named).toEqual([])
  })

  it('is as small as README.md says, minified and zipped', async () => {
    const [, kilobytes] = /^- The core is ([\d.]+) kB,/m.exec(read('README.md')) ?? []
    const entryPoints = [join(root, 'src/index.ts')]
    expect((await sizeOf({ entryPoints })) / 1000).toBeLessThanOrEqual(Number(kilobytes))
  })
})

describe('the adapters', () => {
  // What runs where there is no Node: in a Worker, in a page.
  it.each([
    'r2',
    'blob',
    'http',
    'cache',
    'concat',
    'zip',
    'mp4',
    'sign',
  ])('byteserve/%s has nothing of Node and no package under it', (door) => {
    expect(packagesUnder(door)).toEqual([])
  })

  it('byteserve/cache/directory has nothing but Node under it', () => {
    const others = packagesUnder('cache-directory').filter((path) => !path.startsWith('node:'))
    expect(others).toEqual([])
  })

  it('byteserve/site has what knows media types under it, and nothing else', () => {
    expect(new Set(packagesUnder('site').map((path) => path.split('/', 1)[0]))).toEqual(
      new Set(['mime']),
    )
  })

  it.each([
    ['mediaType', true],
    ['site, cors', false],
  ])('a bundle with { %s } of byteserve/site has mime in it: %s', async (names, hasMime) => {
    const contents = `export { ${names} } from './adapters/site.ts'`
    const { metafile } = await build({
      stdin: { contents, resolveDir: root, loader: 'ts' },
      bundle: true,
      metafile: true,
      format: 'esm',
      write: false,
    })
    const [output] = Object.values(metafile.outputs)
    const inputs = Object.keys(output?.inputs ?? {})
    expect(inputs.some((path) => path.includes('node_modules/mime/'))).toBe(hasMime)
  })

  it('byteserve/s3 has what signs its requests under it, and nothing else', () => {
    expect(packagesUnder('s3')).toEqual(['aws4fetch'])
  })

  it.each([
    [
      'serveFile',
      'r2File',
      `async (request, env) => serveFile(request, await r2File(env.B, 'a', request))`,
      8020,
    ],
    ['fileHandler', 'r2Bucket', `fileHandler((request, env) => r2Bucket(env.B)(request))`, 15_050],
  ])('a Worker of %s and %s is small', async (core, store, fetch, most) => {
    const contents = `import { ${core} } from './src/index.ts'
      import { ${store} } from './adapters/r2.ts'
      export default { fetch: ${fetch} }`
    const size = await sizeOf({ stdin: { contents, resolveDir: root, loader: 'ts' } })
    expect(size).toBeLessThanOrEqual(most)
  })

  it.each([
    ['http', 'httpFile', 5730],
    ['s3', 's3File', 8680],
  ])('byteserve/%s adds little to the core, where %s is used', async (door, name, most) => {
    const core = `import { fileHandler } from './src/index.ts'\n`
    const contents = [
      `${core} export default { fetch: fileHandler((request, look) => look(request)) }`,
      `${core} import { ${name} } from './adapters/${door}.ts'
      export default { fetch: fileHandler((request, where) => ${name}(...where, request)) }`,
    ]
    const [alone = 0, both = 0] = await Promise.all(
      contents.map((contents) => sizeOf({ stdin: { contents, resolveDir: root, loader: 'ts' } })),
    )
    expect(both - alone).toBeLessThanOrEqual(most)
  })
})

/** How much is downloaded of a bundle, in bytes. */
async function sizeOf(options: BuildOptions): Promise<number> {
  const { outputFiles = [] } = await build({
    ...options,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  expect(outputFiles.length).toBe(1)
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

/** What a door imports that is not ours, by itself or below. */
function packagesUnder(door: string): string[] {
  const under = new Set([`adapters/${door}.ts`])
  const others: string[] = []
  for (const file of under) {
    for (const path of importsOf(file)) {
      if (path.startsWith('.')) under.add(join(dirname(file), path))
      else others.push(path)
    }
  }
  return others
}

/** The TypeScript files in some folders and below, from the root of the project. */
function sourcesBelow(...folders: string[]): string[] {
  return folders.flatMap((folder) => {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))
  })
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** What a file imports or exports from, statically or not. */
function importsOf(file: string): string[] {
  const code = withoutComments(read(file))
  const pattern = /\b(?:from|import)\s*\(?\s*(['"])(.+?)\1/g
  return Array.from(code.matchAll(pattern), ([, , path]) => path ?? '')
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
