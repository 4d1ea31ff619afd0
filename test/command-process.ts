import { fileURLToPath } from 'node:url'
import { type Outcome, type Program, run } from './support/process.ts'
import { runtimes } from './support/runtimes.ts'

export type { Outcome } from './support/process.ts'

/** The command, as built. */
export const COMMAND: string = fileURLToPath(
  new URL('../dist/command/byteserve.js', import.meta.url),
)

/**
 * In bytes, well more than the sockets of both sides hold, so that a client that stops reading stops the
 * command.
 */
export const MORE_THAN_SOCKETS_HOLD = 16 * 1024 * 1024

export type RuntimeName = keyof typeof runtimes

/** The `byteserve` command as a process. */
export interface Running extends Pick<Program, 'child' | 'ended'> {
  /** The first line on standard output; rejects when the process ended without one. */
  readonly url: Promise<string>
  /** The request log so far, line by line. */
  log(): string[]
}

const started = new Set<Program>()

/** Starts `byteserve` under a runtime, as built. Deno gets just what the README says. */
export function startCommand(
  name: RuntimeName,
  args: readonly string[],
  env: Record<string, string> = {},
  user: { readonly uid?: number; readonly gid?: number } = {},
): Running {
  return start(run, name, args, env, user)
}

/** Starts it where what it writes to standard output finds a full disk: there, it says no URL. */
export function startOnFullDisk(name: RuntimeName, args: readonly string[]): Running {
  const redirect: typeof run = (program, args, options) =>
    run('sh', ['-c', 'exec "$@" > /dev/full', 'sh', program, ...args], options)
  return start(redirect, name, args)
}

function start(
  launch: typeof run,
  name: RuntimeName,
  args: readonly string[],
  env: Record<string, string> = {},
  user: { readonly uid?: number; readonly gid?: number } = {},
): Running {
  const asked = Object.keys(env).map((variable) => `--allow-env=${variable}`)
  if (args.includes('--workers')) asked.push('--unstable-net')
  const permissions = name === 'deno' ? ['run', '--allow-net', '--allow-read', ...asked] : []
  const binary = runtimes[name]
  if (binary === null) throw new Error(`${name} is not installed`)
  const program = launch(binary, [...permissions, COMMAND, ...args], {
    env: { ...process.env, ...env },
    ...user,
  })
  started.add(program)
  const { child, ended } = program
  const url = program.says(/^(https?:.*)\n/)
  // Who starts it for its outcome asks for no URL.
  url.catch(() => {})
  return { child, ended, url, log: () => program.stderr().split('\n').slice(0, -1) }
}

/** Runs `byteserve` to its end. */
export function runCommand(name: RuntimeName, args: readonly string[]): Promise<Outcome> {
  return startCommand(name, args).ended
}

/** For `afterAll`: ends what a test left running. */
export async function stopCommands(): Promise<void> {
  await Promise.all(Array.from(started, (program) => program.stop()))
  started.clear()
}

/** A line of the request log in its columns, without what differs from run to run. */
export function columns(line: string): string[] {
  return line
    .replace(/^\d\d:\d\d:\d\d /, 'TIME ')
    .replace(/ [\d.]+ m?s(?= |$)/, ' DURATION')
    .split(/ {2,}/)
}
