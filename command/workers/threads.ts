import { parentPort, Worker } from 'node:worker_threads'
import { messageOf } from '../failure.ts'
import type { Host } from '../hosts/host.ts'
import { expectWorkerFile } from './file.ts'

/** Workers of Bun and Deno are threads: each listens, and the system shares out the connections. */
export const startWorker: Host['startWorker'] = (hear, leave) => {
  expectWorkerFile()
  const worker = new Worker(new URL('./worker.js', import.meta.url))
  let reason = ''
  worker.on('message', hear)
  worker.on('error', (error) => (reason = messageOf(error)))
  worker.once('exit', (code) => leave(reason || `exit code ${code}`))
  return {
    say: (message) => worker.postMessage(message),
    stop: () => void worker.terminate(),
  }
}

export const joinPrimary: Host['joinPrimary'] = (hear) => {
  parentPort?.on('message', hear)
  return (message) => parentPort?.postMessage(message)
}
