import { createServer } from 'node:net'
import { Failure, messageOf } from '../failure.ts'
import type { Host, Worker } from '../hosts/host.ts'
import type { Output } from '../log/output.ts'
import { type Facts, type Job, listenFailure, type Server } from '../server.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** How long a worker must have lived for the next one to start at once, in ms. */
const STEADY = 10_000
/** How long to wait, at least and at most, before one that ended sooner is replaced, in ms. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [100, 10_000]

/**
 * Serves from several workers, which share a port, and a log. One that dies is replaced.
 *
 * @throws Failure, as a rejection, when they can't
 */
export async function startWorkers(job: Job, runtime: Host, output: Output): Promise<Server> {
  const { options, address } = job
  const port = await findPort(address).catch((error) => {
    throw listenFailure(error, options.host, { ...address, isShared: false })
  })
  const pool = new WorkerPool({ ...job, address: { ...address, port } }, runtime, output)
  const others = Array.from({ length: options.workers - 1 }, (_, at) => at + 2)
  try {
    const started = [pool.start(1), ...others.map((number) => pool.start(number))] as const
    const [facts] = await Promise.all(started)
    return {
      facts,
      drain: () => pool.end('drain'),
      end: () => pool.end('end'),
    }
  } catch (error) {
    pool.stop()
    throw error
  }
}

/**
 * A port that nobody listens on: those who share one would share it with another byteserve, too,
 * and not say that it is in use.
 */
function findPort({ address, port }: Job['address']): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(port, address, () => {
      const bound = server.address()
      const found = typeof bound === 'object' && bound !== null ? bound.port : port
      server.close(() => resolve(found))
    })
  })
}

interface Member {
  readonly worker: Worker
  /** Of one that was told to end. */
  readonly over: Promise<void>
}

class WorkerPool {
  readonly #job: Job
  readonly #runtime: Host
  readonly #output: Output
  readonly #members = new Map<number, Member>()
  #pause = 0
  #isEnding = false

  constructor(job: Job, runtime: Host, output: Output) {
    this.#job = job
    this.#runtime = runtime
    this.#output = output
  }

  /**
   * Starts a worker; fulfilled once it listens.
   *
   * @throws Failure, as a rejection, if it does not come to that
   */
  start(number: number): Promise<Facts> {
    const since = performance.now()
    let isOver = () => {}
    const over = new Promise<void>((resolve) => (isOver = resolve))
    return new Promise((resolve, reject) => {
      let isListening = false
      const hear = (message: FromWorker) => {
        switch (message.kind) {
          case 'here':
            return worker.say({ kind: 'start', number, job: this.#job })
          case 'listening':
            isListening = true
            return resolve(message.facts)
          case 'failure':
            reject(new Failure(message.message))
            return worker.stop()
          case 'lines':
            for (const line of message.lines) this.#output.print(line)
            return
          case 'notice':
            return this.#output.say(message.notice)
          case 'progress':
            return this.#output.show(number, message.progress)
          case 'report':
            return this.#tellOthers(number, message)
          case 'over':
            return isOver()
        }
      }
      const leave = (reason: string) => {
        if (this.#members.get(number)?.worker === worker) this.#members.delete(number)
        this.#output.show(number, '')
        isOver()
        if (this.#isEnding) return
        if (!isListening) return reject(new Failure(`a worker ended before it served: ${reason}`))
        this.#output.say(`worker ${number} ended (${reason}); another takes its place`)
        this.#replace(number, performance.now() - since)
      }
      const worker = this.#runtime.startWorker(hear, leave)
      this.#members.set(number, { worker, over })
    })
  }

  #tellOthers(number: number, message: ToWorker): void {
    for (const [other, { worker }] of this.#members) if (other !== number) worker.say(message)
  }

  /** Waits for longer and longer while workers die soon after they start. */
  #replace(number: number, lifetime: number): void {
    const doubled = Math.min(Math.max(2 * this.#pause, SHORTEST_PAUSE), LONGEST_PAUSE)
    this.#pause = lifetime < STEADY ? doubled : 0
    setTimeout(() => {
      if (this.#isEnding) return
      this.start(number).catch((error) => {
        this.#output.say(`worker ${number} can't be replaced: ${messageOf(error)}`)
        this.#replace(number, 0)
      })
    }, this.#pause)
  }

  /** Ends all workers; fulfilled once all that they logged is here. */
  async end(kind: 'drain' | 'end'): Promise<void> {
    this.#isEnding = true
    const members = [...this.#members.values()]
    for (const { worker } of members) worker.say({ kind })
    await Promise.all(members.map(({ over }) => over))
  }

  /** Ends all workers at once. */
  stop(): void {
    this.#isEnding = true
    for (const { worker } of this.#members.values()) worker.stop()
  }
}
