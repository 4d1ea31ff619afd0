import type { Served, Serving } from '../../src/served.ts'
import type { ServeOptions } from '../options.ts'
import { isListening } from '../page/events.ts'
import { formatJson } from './json.ts'
import { Progress } from './progress.ts'
import { formatServed } from './text.ts'

/** What the lines look like. */
export interface Style {
  readonly format: ServeOptions['log']
  /** Whether every client is this machine, so that none needs to be named. */
  readonly isLocal: boolean
  readonly isTerminal: boolean
  readonly isColoured: boolean
  /** Whether a line below the others shows how far the downloads have come. */
  readonly hasProgress: boolean
}

/** Who prints the log. */
export interface Outlet {
  readonly print: (line: string) => void
  /** Prints a notice that is about no request. */
  readonly say: (notice: string) => void
  /** Shows how far the downloads that run have come; '' if none does. */
  readonly show: (progress: string) => void
}

const [RED, YELLOW, FAINT] = [31, 33, 2]

/** A line for each request, as text or as JSON. */
export class RequestLog {
  readonly #style: Style
  readonly #outlet: Outlet
  readonly #progress: Progress | null

  constructor(style: Style, outlet: Outlet) {
    this.#style = style
    this.#outlet = outlet
    this.#progress = style.hasProgress ? new Progress(outlet.show) : null
  }

  begin(serving: Serving): void {
    if (!isListening(serving)) this.#progress?.begin(serving)
  }

  /** @param client its IP address */
  end(served: Served, client: string): void {
    const { format } = this.#style
    // The page listens for as long as it is open: that is no request for a file.
    if (format === 'off' || isListening(served)) return
    this.#progress?.end(served)
    this.#outlet.print(
      format === 'json' ? formatJson(served, new Date(), client) : this.#textOf(served, client),
    )
  }

  #textOf(served: Served, client: string): string {
    const { isLocal, isColoured } = this.#style
    const line = formatServed(served, new Date(), isLocal ? null : client)
    return isColoured ? paint(served, line) : line
  }
}

/** What is out of the ordinary has a colour. */
export function paint({ status, aborted, error }: Served, line: string): string {
  const colour = error !== undefined ? RED : status >= 400 ? YELLOW : aborted ? FAINT : null
  return colour === null ? line : `\x1b[${colour}m${line}\x1b[m`
}
