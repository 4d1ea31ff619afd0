import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { signUrl } from '../adapters/sign.ts'
import { areInstalled } from './support/installed.ts'
import { EXCEPTIONS } from './wire/exceptions.ts'
import { TABLE } from './wire/table.ts'

const root = join(import.meta.dirname, '..')

/** README.md and its like, and all below docs/, from the root of the project. */
const PAGES = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  'examples/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

// Inside the package, which the blocks import by its name, as built.
mkdirSync(join(root, 'dist'), { recursive: true })
const directory = mkdtempSync(join(root, 'dist', 'docs-'))
afterAll(() => rmSync(directory, { recursive: true }))
cpSync(join(root, 'examples/globals.d.ts'), join(directory, 'globals.d.ts'))

describe('every block of code', () => {
  it('compiles, with its own imports', () => {
    // Those of frameworks that are not installed take stubs: test/frameworks.test.ts.
    const files = PAGES.filter((page) => page !== 'docs/frameworks.md').flatMap((page) =>
      blocksOf(page).map(({ code, extension }, i) => {
        const path = join(directory, `${page.replaceAll(/\W/g, '-')}-${i + 1}.${extension}`)
        writeFileSync(path, code.includes('import ') ? code : `${code}\nexport {}\n`)
        return path
      }),
    )
    expect(files.length).toBeGreaterThan(20)
    const flags = '--noEmit --strict --skipLibCheck --target es2022 --module nodenext --types node'
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const told = ['--ignoreConfig', ...flags.split(' '), join(directory, 'globals.d.ts'), ...files]
    const { status, stdout } = spawnSync(process.execPath, [tsc, ...told], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, ''])
  })
})

describe('blocks in other languages', () => {
  it('are these', () => {
    const languages = PAGES.flatMap((page) => {
      const fences = read(page).matchAll(/^ *```(\w+)$/gm)
      return Array.from(fences, ([, language = '']) => `${page}: ${language}`)
    })
    expect(languages.filter((each) => !/ tsx?$/.test(each)).sort()).toEqual([
      'docs/cdn.md: nginx', // test/cdn.test.ts runs this,
      'docs/cdn.md: vcl', // this,
      'docs/check.md: json',
      'docs/command.md: nginx', // test/command-serving.test.ts this,
      'docs/deploy.md: nginx', // and test/docs-programs.test.ts this.
      'docs/made.md: sh',
      'docs/security.md: sh',
    ])
  })

  it.runIf(areInstalled('openssl', 'basenc'))(
    'docs/made.md: sh signs as signUrl does',
    async () => {
      const [, script = ''] = /^```sh\n(.*?)^```$/ms.exec(read('docs/made.md')) ?? []
      const key = '0123456789abcdef'
      const env = { ...process.env, SIGNING_KEY: key }
      const url = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' }).stdout.trim()
      const [, end] = /signed=(\d+)/.exec(url) ?? []
      expect(url).toBe(await signUrl('/films/a.mp4', key, { expires: Number(end) * 1000 }))
    },
  )
})

describe('README.md', () => {
  it('has at most 150 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  })

  it('counts the requests of the table about right', () => {
    const [, hundreds = ''] = /one table of more than (\d)00 requests/.exec(read('README.md')) ?? []
    expect(Math.floor(TABLE.length / 100)).toBe(Number(hundreds))
  })
})

describe('docs/runtimes', () => {
  it.each([
    ['bun.md', 'bun'],
    ['workers.md', 'workerd'],
  ])('%s names each exception of the table', (page, runtime) => {
    const ids = EXCEPTIONS.map(({ id }) => id).filter((id) => id.startsWith(`${runtime}-`))
    const text = read(`docs/runtimes/${page}`)
    expect(ids.filter((id) => !text.includes(`\`${id}\``))).toEqual([])
  })

  it('are of all runtimes that have exceptions', () => {
    expect(new Set(EXCEPTIONS.map(({ id }) => id.split('-')[0]))).toEqual(
      new Set(['bun', 'workerd']),
    )
  })
})

describe('docs/performance.md', () => {
  it('has the date of the complete run', () => {
    const [, date] = /^# Results\n\n(\d{4}-\d\d-\d\d)/.exec(read('bench/results.md')) ?? []
    const text = read('docs/performance.md').replaceAll(/\s+/g, ' ')
    const dates = text.matchAll(/complete (?:run|one\]\(\S+\)) o[nf] (\d{4}-\d\d-\d\d)/g)
    expect(Array.from(dates, ([, each]) => each)).toEqual([date, date])
  })
})

describe.each(PAGES)('%s', (page) => {
  const links = Array.from(
    withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g),
    ([, to = '']) => to,
  )
  it.runIf(links.length > 0)('links to what is there', () => {
    const dead = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchorsOf(target).includes(anchor)
    })
    expect(dead).toEqual([])
  })
})

function blocksOf(page: string): { code: string; extension: string }[] {
  const blocks = read(page).matchAll(/^([ ]*)```(ts|tsx)\n(.*?)^\1```$/gms)
  return Array.from(blocks, ([, , extension = '', code = '']) => ({ code, extension }))
}

function anchorsOf(page: string): string[] {
  return Array.from(read(page).matchAll(/^#+ (.+)$/gm), ([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replace(/^ *```.*?^ *```$/gms, '').replace(/`[^`\n]*`/g, '')
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}
