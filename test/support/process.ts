import { type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** How a process ended, and what it wrote. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that runs beside the tests. */
export interface Program {
  /** Its stdin closes with this process, however that ends. */
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly ended: Promise<Outcome>
  isAlive(): boolean
  /** What it wrote so far. */
  stdout(): string
  stderr(): string
  /**
   * What a pattern catches of what it wrote, once it does.
   *
   * @throws Error, as a rejection, with all that it wrote, when it ends before
   */
  says(pattern: RegExp): Promise<string>
  /** Ends it; with the group of its processes, when it is detached. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export function run(program: string, args: readonly string[], options: Options = {}): Program {
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  const written = { stdout: '', stderr: '' }
  const ended = once(child, 'close').then(([code]): Outcome => ({ code, ...written }))
  // Who asks for what it says, or how it ended, is told.
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }

  const isAlive = () =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null

  return {
    child,
    ended,
    isAlive,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const caught = pattern.exec(written.stdout) ?? pattern.exec(written.stderr)
          if (caught?.[1] !== undefined) resolve(caught[1])
        }
        look()
        for (const name of ['stdout', 'stderr'] as const) child[name].on('data', look)
        ended.then(({ stdout, stderr }) => {
          reject(new Error(`Expected ${pattern} of ${program}, got:\n${stdout}${stderr}`))
        }, reject)
      }),
    async stop(signal = 'SIGKILL') {
      if (!isAlive() || child.pid === undefined) return
      if (options.detached) process.kill(-child.pid, signal)
      else child.kill(signal)
      await once(child, 'exit')
    },
  }
}

type Options = Pick<SpawnOptions, 'cwd' | 'env' | 'detached' | 'uid' | 'gid'>
