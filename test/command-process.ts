import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runtimes } from './support/runtimes.ts'

const COMMAND = fileURLToPath(new URL('../dist/command/byteserve.js', import.meta.url))

export type RuntimeName = keyof typeof runtimes

/** How a process ended, and what it wrote. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The `byteserve` command as a process. */
export interface Running {
  readonly child: ChildProcess
  /** The first line on standard output; rejects when the process ended without one. */
  readonly url: Promise<string>
  readonly ended: Promise<Outcome>
  /** The request log so far, line by line. */
  log(): string[]
}

const started = new Set<Running>()

/** Starts `byteserve` under a runtime, as built. Deno gets just what the README says. */
export function startCommand(name: RuntimeName, args: readonly string[]): Running {
  const permissions = name === 'deno' ? ['run', '--allow-net', '--allow-read'] : []
  const program = runtimes[name]
  if (program === null) throw new Error(`${name} is not installed`)
  const child = spawn(program, [...permissions, COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  const ended = once(child, 'close').then(([code]) => ({ code, ...written }))
  child.stderr.setEncoding('utf8').on('data', (text) => {
    written.stderr += text
  })
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      written.stdout += text
      const [line, ...rest] = written.stdout.split('\n')
      if (line !== undefined && rest.length > 0) resolve(line)
    })
    void ended.then(({ stderr }) => reject(new Error(`byteserve ended without a URL: ${stderr}`)))
  })
  url.catch(() => {})
  const running = { child, url, ended, log: () => written.stderr.split('\n').slice(0, -1) }
  started.add(running)
  return running
}

/** Runs `byteserve` to its end. */
export function runCommand(name: RuntimeName, args: readonly string[]): Promise<Outcome> {
  return startCommand(name, args).ended
}

/** For `afterAll`: ends what a test left running. */
export async function stopCommands(): Promise<void> {
  for (const { child } of started) child.kill('SIGKILL')
  await Promise.all([...started].map(({ ended }) => ended))
  started.clear()
}

/** A line of the request log in its columns, without what differs from run to run. */
export function columns(line: string): string[] {
  return line
    .replace(/^\d\d:\d\d:\d\d /, 'TIME ')
    .replace(/ [\d.]+ m?s(?= |$)/, ' DURATION')
    .split(/ {2,}/)
}
