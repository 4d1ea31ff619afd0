import { Failure, messageOf } from '../failure.ts'
import { loadHost } from '../hosts/host.ts'
import { linePrinter } from '../log/print.ts'
import { Views } from '../page/events.ts'
import { type Job, type Server, startServer } from '../server.ts'
import type { ToWorker } from './messages.ts'

// A worker of `byteserve --workers`: a server like any other, whose log and whose pages' events go
// through the process that a person started.

const runtime = await loadHost()
const say = runtime.joinPrimary(hear)
// The other process leaves out what nobody reads.
const printer = linePrinter(async (text) => {
  say({ kind: 'lines', lines: text.slice(0, -1).split('\n') })
  return 0
}, Infinity)
let views: Views | null = null
let server: Server | null = null
say({ kind: 'here' })

async function hear(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'start':
      return start(message.number, message.job)
    case 'report':
      return views?.hear(message.report)
    case 'drain':
      await server?.drain()
      return end()
    case 'end':
      return end()
  }
}

async function start(number: number, job: Job): Promise<void> {
  views = new Views(number, (report) => say({ kind: 'report', report }))
  const outlet = {
    print: printer.print,
    say: (notice: string) => say({ kind: 'notice', notice }),
    show: (progress: string) => say({ kind: 'progress', progress }),
  }
  try {
    server = await startServer(job, runtime, views, outlet)
    say({ kind: 'listening', facts: server.facts })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    say({ kind: 'failure', message: messageOf(error) })
  }
}

async function end(): Promise<void> {
  await server?.end()
  await printer.flush()
  say({ kind: 'over' })
}
