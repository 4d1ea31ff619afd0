import { writeSync } from 'node:fs'
import process from 'node:process'
import type { Host } from '../hosts/host.ts'
import { formatNotice } from './notice.ts'
import { linePrinter, type Printer } from './print.ts'
import type { Style } from './request-log.ts'
import { Terminal } from './terminal.ts'

/** What is said on standard error, by this process and its workers: a log, or a terminal's. */
export class Output {
  readonly #toLine: (notice: string) => string
  readonly #printer: Printer
  readonly #terminal: Terminal | null

  constructor(
    { writeLog }: Pick<Host, 'writeLog'>,
    maxWaiting: number,
    { format, hasProgress }: Pick<Style, 'format' | 'hasProgress'>,
  ) {
    this.#toLine = (notice) => formatNotice(notice, format, new Date())
    const terminal = hasProgress ? new Terminal(writeLog) : null
    const write = terminal === null ? writeLog : (lines: string) => terminal.write(lines)
    this.#printer = linePrinter(write, maxWaiting, this.#toLine)
    this.#terminal = terminal
  }

  print(line: string): void {
    this.#printer.print(line)
  }

  /** Prints a notice as the format of the log wants it. */
  say(notice: string): void {
    this.print(this.#toLine(notice))
  }

  /** Shows how far the downloads of a worker have come; '' if none runs. */
  show(worker: number, progress: string): void {
    this.#terminal?.show(worker, progress)
  }

  /** Fulfilled once all is written, and no progress stands where the next prompt will. */
  async flush(): Promise<void> {
    await this.#printer.flush()
    await this.#terminal?.clear()
  }

  /** Writes what waits, when no event will come any more. */
  flushSync(): void {
    const lines = this.#printer.takeLast()
    if (lines === '') return
    try {
      writeSync(process.stderr.fd, this.#terminal?.replaceBy(lines) ?? lines)
    } catch {
      // There is nobody to tell.
    }
  }
}
