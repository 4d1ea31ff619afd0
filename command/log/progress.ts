import { formatSize } from '../../adapters/site/size.ts'
import type { Served, Serving } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'
import { withoutOrigin } from '../authority.ts'
import { Running } from '../hosts/running.ts'

/** How often it is told, in ms. */
const EVERY = 500
/** What is over sooner needs no progress, in ms. */
const PATIENCE = 1000
/** In characters: two downloads are seen in the 80 columns of a terminal. */
const LONGEST_NAME = 20

interface Run {
  readonly serving: Serving
  readonly length: number
  readonly since: number
}

/** Tells how far the downloads that run have come, for as long as there are any. */
export class Progress {
  readonly #show: (progress: string) => void
  readonly #running = new Running<Run>()
  /** Takes a run out, by its request. Weak, for the reason given at Running. */
  readonly #takeOut = new WeakMap<RequestLike, () => void>()
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(show: (progress: string) => void) {
    this.#show = show
  }

  begin(serving: Serving): void {
    const length = Number(serving.headers['content-length'] ?? 0)
    // Of what a runtime does not tell, there is no progress.
    if (length === 0 || serving.sent === null) return
    const takeOut = this.#running.add({ serving, length, since: performance.now() })
    this.#takeOut.set(serving.request, takeOut)
    this.#timer ??= setInterval(() => this.#tell(), EVERY)
  }

  end({ request }: Pick<Served, 'request'>): void {
    this.#takeOut.get(request)?.()
    if (this.#running.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#show('')
  }

  #tell(): void {
    const now = performance.now()
    const runs = this.#running.items().filter(({ since }) => now - since > PATIENCE)
    runs.sort((a, b) => a.since - b.since)
    this.#show(runs.map((run) => describe(run, now)).join('   '))
  }
}

/** @example '45 %  12 MB/s  /film.mp4' */
function describe({ serving, length, since }: Run, now: number): string {
  const sent = serving.sent ?? 0
  const speed = formatSize((1000 * sent) / (now - since))
  return `${Math.floor((100 * sent) / length)} %  ${speed}/s  ${nameOf(serving.request)}`
}

/** The last segment of the path, with its slashes, or as much of it as leaves room for others. */
function nameOf({ url }: RequestLike): string {
  const [path = ''] = withoutOrigin(url).split('?', 1)
  const name = path.slice(path.lastIndexOf('/', path.length - 2))
  return name.slice(0, LONGEST_NAME).replace(/[^!-~]/g, '?')
}
