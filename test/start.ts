import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Started {
  /** On 127.0.0.1. */
  readonly port: number
  stop(): Promise<void>
}

/**
 * Starts a server that prints its URL once it listens.
 *
 * @throws Error, as a rejection, with what it printed, when it ends before
 */
export async function start(command: string, args: string[], cwd: string): Promise<Started> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    const port = await announcedPort(child)
    return { port, stop: () => kill(child) }
  } catch (error) {
    await kill(child)
    throw error
  }
}

function announcedPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    const listen = (chunk: unknown) => {
      output += chunk
      const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(output)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.on('error', reject)
    child.on('close', () => reject(new Error(`Expected a URL from ${child.spawnfile}: ${output}`)))
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
