import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { nodeDirectory, nodeListener } from '../../adapters/node.ts'
import type { S3Location } from '../../adapters/s3.ts'
import { startWorker } from '../support/miniflare.ts'
import { run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'
import type { Target, TargetName } from './targets.ts'

/** Where the files are. */
export interface Elsewhere {
  readonly http?: string
  readonly s3?: S3Location
  /** Of the lookup. */
  readonly options?: object
  /** Whether what is told of a response ever comes to an end; by default, it does. */
  readonly settles?: boolean
}

/** Servers of files that live elsewhere, and the target of local files that each is like. */
export const LIKE = {
  node: 'node-fetch',
  'node-direct': 'node-direct',
  bun: 'bun-stable',
  deno: 'deno',
  workerd: 'workerd',
} as const satisfies Record<string, TargetName>

export type ElsewhereName = keyof typeof LIKE

const project = fileURLToPath(new URL('../../', import.meta.url))
const script = fileURLToPath(new URL('servers/elsewhere.mjs', import.meta.url))
const DENO_FLAGS = ['run', '--cached-only', '--no-lock', '--allow-net=127.0.0.1']

/** What is installed here; the rest is said aloud, and a failure in CI. */
export const ELSEWHERE: readonly ElsewhereName[] = (
  ['node', 'node-direct', 'bun', 'deno', 'workerd'] as const
).filter((name) => (name === 'bun' || name === 'deno' ? isInstalled(name) : true))

/** A server on a runtime; it ends with its stdin, and that with this process. */
export async function startElsewhere(name: ElsewhereName, where: Elsewhere): Promise<Target> {
  const known = { name: LIKE[name] }
  if (name === 'workerd') {
    const bindings = { WHERE: JSON.stringify(where) }
    const entry = 'test/wire/servers/elsewhere-worker.mjs'
    const { port, complaints, stop } = await startWorker({}, entry, bindings)
    return { ...known, port, pid: null, isAlive: () => true, complaints, stop }
  }
  const runtime = name === 'node-direct' ? 'node' : name
  const flags = runtime === 'deno' ? [...DENO_FLAGS, `--allow-read=${project}`] : []
  const way = name === 'node-direct' ? 'direct' : 'fetch'
  const args = [...flags, script, way, JSON.stringify(where)]
  const program = run(runtimes[runtime] ?? runtime, args, { cwd: project })
  const port = Number(await program.says(/^(\d+)\n/))
  const { isAlive, stderr: complaints, stop } = program
  return { ...known, port, pid: program.child.pid ?? null, isAlive, complaints, stop }
}

/** A plain HTTP server of a directory. */
export async function startDirectory(
  root: string,
): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer(nodeListener(nodeDirectory(root)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // What `address` gives once the server listens on a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url, stop }
}
