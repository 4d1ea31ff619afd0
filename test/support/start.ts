import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Started {
  /** On 127.0.0.1. */
  readonly port: number
  /** All that it wrote so far, to standard output and error. */
  printed(): string
  stop(): Promise<void>
}

/**
 * Starts a server that prints its URL once it listens.
 *
 * @throws Error, as a rejection, with what it printed, when it ends before
 */
export async function start(command: string, args: string[], cwd: string): Promise<Started> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  try {
    return {
      port: await announcedPort(child, () => output),
      printed: () => output,
      stop: () => kill(child),
    }
  } catch (error) {
    await kill(child)
    throw error
  }
}

function announcedPort(child: ChildProcess, printed: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(printed())?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('error', reject)
    child.on('close', () =>
      reject(new Error(`Expected a URL from ${child.spawnfile}: ${printed()}`)),
    )
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
