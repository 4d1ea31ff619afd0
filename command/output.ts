import process from 'node:process'
import type { Host } from './host.ts'
import { linePrinter, type Printer } from './print.ts'
import { Terminal } from './terminal.ts'

/** What is said on standard error, by this process and its workers: a log, or a terminal's. */
export class Output {
  readonly #printer: Printer
  readonly #terminal: Terminal | null

  constructor({ writeLog }: Pick<Host, 'writeLog'>, maxWaiting: number) {
    this.#printer = linePrinter(writeLog, maxWaiting)
    this.#terminal = process.stderr.isTTY ? new Terminal(this.#printer.print, writeLog) : null
  }

  print(line: string): void {
    if (this.#terminal === null) this.#printer.print(line)
    else this.#terminal.print(line)
  }

  /** Shows how far the downloads of a worker have come; '' if none runs. */
  show(worker: number, progress: string): void {
    this.#terminal?.show(worker, progress)
  }

  /** Fulfilled once all is written. */
  flush(): Promise<void> {
    return this.#printer.flush()
  }

  /** Writes what waits, when no event will come any more. */
  flushSync(): void {
    this.#printer.flushSync()
  }
}
