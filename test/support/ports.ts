import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'

/** Below those that a system gives to whoever asks for any: from 32 768 on, on Linux. */
const FIRST = 20_000
/** As many for each of the workers that run at the same time. */
const EACH = 1000

/** Not that of the file of tests before, which may not be done with it. */
let next = Math.floor(Math.random() * EACH)

/** A port of 127.0.0.1 for a program that can't choose one: nobody is given it before it listens. */
export async function freePort(): Promise<number> {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 10
  for (let tries = 0; tries < EACH; tries++) {
    const port = FIRST + worker * EACH + (next++ % EACH)
    if (await isFree(port)) return port
  }
  throw new Error(`Expected one of ${EACH} ports to be free`)
}

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
