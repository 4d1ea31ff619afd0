import { fileURLToPath } from 'node:url'
import { startWorker } from '../support/miniflare.ts'
import { run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'
import type { Fixture } from './fixtures.ts'

/** A real server on a real runtime. */
export interface Target {
  readonly name: TargetName
  readonly port: number
  /** Of its process; null where it has none of its own. */
  readonly pid: number | null
  /** Whether it runs. */
  isAlive(): boolean
  /** What it wrote to stderr so far. */
  complaints(): string
  stop(): Promise<void>
}

/** Targets that serve a directory, each a process of its own. */
export const FILE_TARGETS = [
  'node-fetch',
  'node-direct',
  'bun',
  'bun-stable',
  'deno',
  'deno-native',
] as const
export const TARGETS = [...FILE_TARGETS, 'workerd'] as const

export type FileTargetName = (typeof FILE_TARGETS)[number]
export type TargetName = (typeof TARGETS)[number]

const project = fileURLToPath(new URL('../../', import.meta.url))
const script = (name: string) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url))

/** How each is started, before the directory. */
const COMMANDS: Record<FileTargetName, { runtime: keyof typeof runtimes; script: string }> = {
  'node-fetch': { runtime: 'node', script: script('node-fetch') },
  'node-direct': { runtime: 'node', script: script('node-direct') },
  bun: { runtime: 'bun', script: script('bun') },
  'bun-stable': { runtime: 'bun', script: script('bun') },
  deno: { runtime: 'deno', script: script('deno') },
  'deno-native': { runtime: 'deno', script: script('deno') },
}

const OPTIONS: Partial<Record<FileTargetName, unknown>> = {
  'bun-stable': { stable: true },
  'deno-native': { native: true },
}

const WORKER = 'test/wire/servers/worker.mjs'

/** What is installed here of these targets; the rest is said aloud, and a failure in CI. */
export function installed<T extends TargetName>(names: readonly T[]): T[] {
  return names.filter((name) => !isFileTarget(name) || isInstalled(COMMANDS[name].runtime))
}

/**
 * Starts targets, all at the same time; when one fails to start, the others are stopped.
 *
 * @param directory what they serve
 * @param objects what workerd serves, from R2
 */
export async function startTargets(
  names: readonly TargetName[],
  directory: string,
  objects: readonly Fixture[] = [],
): Promise<Target[]> {
  const starts = names.map((name) =>
    isFileTarget(name) ? startProcess(name, directory) : startWorkerd(objects),
  )
  const results = await Promise.allSettled(starts)
  const targets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return targets
  await stopTargets(targets)
  throw failed.reason
}

export async function stopTargets(targets: readonly Target[]): Promise<void> {
  await Promise.all(targets.map((target) => target.stop()))
}

function isFileTarget(name: TargetName): name is FileTargetName {
  return name !== 'workerd'
}

/** It ends with its stdin, and that with this process. */
async function startProcess(name: FileTargetName, directory: string): Promise<Target> {
  const { runtime, script } = COMMANDS[name]
  const flags = runtime === 'deno' ? denoFlags(directory) : []
  const args = [...flags, script, directory, JSON.stringify(OPTIONS[name] ?? {})]
  const program = run(runtimes[runtime] ?? runtime, args, { cwd: project })
  const port = await program.says(/^(\d+)\n/)
  return {
    name,
    port: Number(port),
    pid: program.child.pid ?? null,
    isAlive: program.isAlive,
    complaints: program.stderr,
    stop: program.stop,
  }
}

/** What `denoDirectory` says that it needs, the network, and the package itself; nothing more. */
function denoFlags(directory: string): string[] {
  const readable = `--allow-read=${directory},${project}`
  return ['run', '--cached-only', '--no-lock', '--allow-net=127.0.0.1', readable]
}

async function startWorkerd(objects: readonly Fixture[]): Promise<Target> {
  const files = objects.map(({ path, bytes, type }) => {
    // One without a type of its own gets the core's.
    const httpMetadata = type === 'application/octet-stream' ? {} : { contentType: type }
    return [path, { bytes, httpMetadata }] as const
  })
  const { port, complaints, stop } = await startWorker(Object.fromEntries(files), WORKER)
  return { name: 'workerd', port, pid: null, isAlive: () => true, complaints, stop }
}
