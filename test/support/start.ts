import { run } from './process.ts'

export interface Started {
  /** On 127.0.0.1. */
  readonly port: number
  /** All that it wrote so far, to standard output, then to standard error. */
  printed(): string
  stop(): Promise<void>
}

/**
 * Starts a server that prints its URL once it listens.
 *
 * @throws Error, as a rejection, with what it printed, when it ends before
 */
export async function start(command: string, args: string[], cwd: string): Promise<Started> {
  const program = run(command, args, { cwd })
  const port = await program.says(/http:\/\/127\.0\.0\.1:(\d+)\//)
  const printed = () => program.stdout() + program.stderr()
  return { port: Number(port), printed, stop: program.stop }
}
