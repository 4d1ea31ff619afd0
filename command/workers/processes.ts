import cluster from 'node:cluster'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Host } from '../hosts/host.ts'
import { expectWorkerFile } from './file.ts'

/** Workers of Node are processes, which `node:cluster` lets share a port on any system. */
export const startWorker: Host['startWorker'] = (hear, leave) => {
  expectWorkerFile()
  // Windows would give all connections to any of them, unless it is told otherwise.
  if (!process.env.NODE_CLUSTER_SCHED_POLICY) cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker.js', import.meta.url)), args: [] })
  const worker = cluster.fork()
  let reason = ''
  worker.on('message', hear)
  worker.on('error', ({ message }) => (reason = message))
  worker.once('exit', (code, signal) => leave(reason || signal || `exit code ${code}`))
  return {
    say(message) {
      if (worker.isConnected()) worker.send(message)
    },
    stop: () => void worker.process.kill('SIGKILL'),
  }
}

export const joinPrimary: Host['joinPrimary'] = (hear) => {
  // Ctrl-C goes to the whole group of processes. The primary tells what it means.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  process.on('disconnect', () => process.exit())
  // What can't be told to a primary that is gone; it disconnects, too.
  cluster.worker?.on('error', () => {})
  process.on('message', hear)
  return (message) => void process.send?.(message)
}
