import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { fetchOnce } from '../support/client.ts'
import { startWorker } from '../support/miniflare.ts'
import { run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** Files by path. */
export type Files = Readonly<Record<string, Stored>>

interface Stored {
  readonly text: string
  /** What R2 has to be told. */
  readonly type?: string
  /** Whether it lies outside of the directory, with a link to it inside: not in R2. */
  readonly isLinked?: boolean
}

/** What came, without what differs by store or by moment, or is of the connection. */
export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Programs that serve the same files, each on a runtime of its own, and workerd from R2. */
export interface SiteTargets {
  readonly names: readonly string[]
  ask(name: string, lines: readonly string[]): Promise<Got>
}

const LEFT_OUT = ['date', 'connection', 'keep-alive', 'last-modified', 'transfer-encoding']

const project = fileURLToPath(new URL('../../', import.meta.url))
const DENO = ['run', '--cached-only', '--no-lock', '--allow-net', '--allow-read', '--allow-env']

/**
 * Starts them before the tests of a file, and stops them after.
 *
 * @param script of Node, Bun and Deno, in `servers`; it is given the directory, prints its port, and
 * ends with its stdin
 * @param worker likewise, an entry for workerd
 * @param more names of targets on Node with further arguments
 */
export function siteTargets(
  files: Files,
  script: string,
  worker: string,
  more: Readonly<Record<string, string>> = {},
): SiteTargets {
  const root = join(temporaryDirectory(), 'root')
  const commands = [
    { name: 'node', runtime: 'node', args: [script, root] },
    ...Object.entries(more).map(([name, argument]) => {
      return { name, runtime: 'node', args: [script, root, argument] } as const
    }),
    { name: 'bun', runtime: 'bun', args: [script, root] },
    { name: 'deno', runtime: 'deno', args: [...DENO, script, root] },
  ] as const
  const started = commands.filter(({ runtime }) => isInstalled(runtime))
  const ports = new Map<string, number>()
  const stops: (() => Promise<void>)[] = []

  beforeAll(async () => {
    for (const [path, { text, isLinked = false }] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      const stored = isLinked ? join(root, '..', path.replaceAll('/', ' ')) : join(root, path)
      writeFileSync(stored, text)
      utimesSync(stored, 1_700_000_000, 1_700_000_000)
      if (isLinked) symlinkSync(stored, join(root, path))
    }
    const encoder = new TextEncoder()
    // In this order: what is stored encoded has to be the younger.
    const objects = Object.entries(files).flatMap(([path, { text, type, isLinked }]) => {
      const httpMetadata = type === undefined ? {} : { contentType: type }
      return isLinked ? [] : [[path, { bytes: encoder.encode(text), httpMetadata }] as const]
    })
    const { port, stop } = await startWorker(Object.fromEntries(objects), worker)
    stops.push(stop)
    ports.set('workerd', port)
    for (const { name, runtime, args } of started) {
      const program = run(runtimes[runtime] ?? runtime, args, { cwd: project })
      stops.push(program.stop)
      ports.set(name, Number(await program.says(/^(\d+)\n/)))
    }
  }, 120_000)

  afterAll(async () => {
    await Promise.all(stops.map((stop) => stop()))
  })

  return {
    names: [...started.map(({ name }) => name), 'workerd'],
    async ask(name, lines) {
      const { status, fields, body } = await fetchOnce(ports.get(name) ?? 0, lines)
      const headers: Record<string, string> = {}
      for (const [key, value] of fields) {
        const field = key.toLowerCase()
        if (!LEFT_OUT.includes(field)) headers[field] = field === 'etag' ? withoutTag(value) : value
      }
      return { status, headers, body: body.toString() }
    },
  }
}

/** What a tag has of its file differs by store. */
function withoutTag(etag: string): string {
  return etag.replace(/^"[^"]{8,}?(?=(?:-br|-gzip)?"$)/, '"tag')
}
