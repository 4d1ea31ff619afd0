import type { RequestLike } from '../../src/source.ts'
import { type Incoming, type Outgoing, onceOver } from './messages.ts'

/** A request of Node, as far as an answer depends on it. A class: V8 is slow to make getters. */
export class NodeRequest implements RequestLike {
  readonly method: string
  readonly url: string
  readonly headers: RequestLike['headers']
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  #signal: AbortSignal | null = null

  constructor(incoming: Incoming, outgoing: Outgoing) {
    this.method = incoming.method ?? ''
    this.url = incoming.url ?? ''
    this.headers = new NodeHeaders(incoming)
    this.#incoming = incoming
    this.#outgoing = outgoing
  }

  /** Few lookups ask for it. */
  get signal(): AbortSignal {
    this.#signal ??= hangUpOf(this.#incoming, this.#outgoing)
    return this.#signal
  }
}

class NodeHeaders {
  readonly #incoming: Incoming

  constructor(incoming: Incoming) {
    this.#incoming = incoming
  }

  get(field: string): string | null {
    const { headers, rawHeaders } = this.#incoming
    const name = field.toLowerCase()
    if (!Object.hasOwn(headers, name)) return null
    // HTTP/2 may split Cookie, which is not a list: Node joins it with "; " (RFC 9113 §8.2.3).
    if (name === 'cookie') return String(headers[name])
    const values = valuesOf(name, rawHeaders)
    return values.length > 1 ? values.join(', ') : String(headers[name])
  }
}

/** Node's `headers` has only the first value of some repeated fields, of more in HTTP/2. */
function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}

function hangUpOf(incoming: Incoming, outgoing: Outgoing): AbortSignal {
  const hangUp = new AbortController()
  onceOver(incoming, outgoing, () => hangUp.abort())
  return hangUp.signal
}
