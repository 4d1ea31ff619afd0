import process from 'node:process'
import type { Served, Serving } from '../src/served.ts'
import type { RequestLike } from '../src/source.ts'
import { formatSize } from './page/format.ts'

/** How often the last line is drawn again, in ms. */
const EVERY = 500
/** What is over sooner needs no progress, in ms. */
const PATIENCE = 1000

const CLEAR = '\r\x1b[K'
const [RED, YELLOW, FAINT] = [31, 33, 2]

interface Run {
  readonly serving: Serving
  readonly length: number
  readonly since: number
}

/**
 * The log as a person reads it while it grows: what is out of the ordinary has a colour, and the last
 * line shows how far the downloads that run have come.
 */
export class Terminal {
  readonly #print: (line: string) => void
  readonly #write: (text: string) => Promise<void>
  readonly #isColoured: boolean
  readonly #running = new Map<RequestLike, Run>()
  #timer: ReturnType<typeof setInterval> | null = null
  #isWriting = false
  #isShown = false

  constructor(
    print: (line: string) => void,
    write: (text: string) => Promise<void>,
    isColoured: boolean,
  ) {
    this.#print = print
    this.#write = write
    this.#isColoured = isColoured
  }

  begin(serving: Serving): void {
    const length = Number(serving.headers['content-length'] ?? 0)
    // Of what a runtime does not tell, there is no progress.
    if (length === 0 || serving.sent === null) return
    this.#running.set(serving.request, { serving, length, since: performance.now() })
    this.#timer ??= setInterval(() => this.#draw(), EVERY)
  }

  /** @param line what the log says of it */
  end(served: Served, line: string): void {
    this.#running.delete(served.request)
    this.say(this.#isColoured ? paint(served, line) : line)
    if (this.#running.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  say(text: string): void {
    this.#print(this.#isShown ? CLEAR + text : text)
    this.#isShown = false
  }

  #draw(): void {
    // A terminal that nobody reads gets no more.
    if (this.#isWriting) return
    const now = performance.now()
    const runs = [...this.#running.values()].filter(({ since }) => now - since > PATIENCE)
    if (runs.length === 0) return
    const line = runs.map((run) => describe(run, now)).join('   ')
    this.#isShown = true
    this.#isWriting = true
    void this.#write(CLEAR + line.slice(0, (process.stderr.columns || 80) - 1)).then(() => {
      this.#isWriting = false
    })
  }
}

/** @example '/film.mp4  45 %  12 MB/s' */
function describe({ serving, length, since }: Run, now: number): string {
  const sent = serving.sent ?? 0
  const path = serving.request.url.replace(/^\w+:\/\/[^/]*/, '').replace(/[^!-~]/g, '?')
  const speed = formatSize((1000 * sent) / (now - since))
  return `${path.slice(0, 60)}  ${Math.floor((100 * sent) / length)} %  ${speed}/s`
}

function paint({ status, aborted, error }: Served, line: string): string {
  const colour = error !== undefined ? RED : status >= 400 ? YELLOW : aborted ? FAINT : null
  return colour === null ? line : `\x1b[${colour}m${line}\x1b[m`
}
