import process from 'node:process'
import type { Served, Serving } from '../src/served.ts'
import type { Host } from './host.ts'
import { formatServed } from './log.ts'
import { formatJson } from './log-json.ts'
import type { ServeOptions } from './options.ts'
import { isListening } from './page/events.ts'
import { linePrinter, type Printer } from './print.ts'
import { Terminal } from './terminal.ts'

/** The log on standard error: a line for each request, as text or as JSON, and what else there is to say. */
export class RequestLog {
  readonly #format: ServeOptions['log']
  readonly #printer: Printer
  readonly #terminal: Terminal | null
  readonly #isLocal: boolean

  /** @param isLocal whether every client is this machine, so that none needs to be named */
  constructor(
    format: ServeOptions['log'],
    { writeLog, variable }: Pick<Host, 'writeLog' | 'variable'>,
    isLocal: boolean,
  ) {
    this.#format = format
    this.#printer = linePrinter(writeLog)
    // https://no-color.org
    const isColoured = !variable('NO_COLOR') && variable('TERM') !== 'dumb'
    this.#terminal = process.stderr.isTTY
      ? new Terminal(this.#printer.print, writeLog, isColoured)
      : null
    this.#isLocal = isLocal
  }

  begin(serving: Serving): void {
    if (this.#format === 'text' && !isListening(serving)) this.#terminal?.begin(serving)
  }

  /** @param client its IP address */
  end(served: Served, client: string): void {
    // The page listens for as long as it is open: that is no request for a file.
    if (this.#format === 'off' || isListening(served)) return
    if (this.#format === 'json') {
      this.#printer.print(formatJson(served, new Date(), client))
      return
    }
    const line = formatServed(served, new Date(), this.#isLocal ? null : client)
    if (this.#terminal === null) this.#printer.print(line)
    else this.#terminal.end(served, line)
  }

  /** Says something that is about no request. */
  say(text: string): void {
    if (this.#terminal === null) this.#printer.print(text)
    else this.#terminal.say(text)
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
