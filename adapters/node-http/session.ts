/** The connection that streams of HTTP/2 share. */
export interface Session {
  /** Lets the running streams end, and tells the client to open another connection for new ones. */
  close(): void
}

const SMALLEST = 4 * 1024
const LARGEST = 64 * 1024
/** How many bytes the slices of a session may hold together before each is of the smallest. */
const BUDGET = 4_000_000
/** How many streams may share it alike. */
const SHARES = 48
/** From this many bytes on, a session is replaced: Node's `maxSessionMemory` is 10 MB by default. */
const WORN_FROM = 8_000_000

const memories = new WeakMap<Session, SessionMemory>()

/**
 * What a session holds: slices that were written and have yet to leave. Node counts them, too, and
 * never releases one whose stream is reset first. Past `maxSessionMemory`, it refuses every further
 * request of the connection, such as those of seeks in a film.
 */
export class SessionMemory {
  readonly #session: Session
  /** In bytes. */
  #held = 0

  static of(session: Session): SessionMemory {
    const memory = memories.get(session) ?? new SessionMemory(session)
    memories.set(session, memory)
    return memory
  }

  private constructor(session: Session) {
    this.#session = session
  }

  /** How many bytes to write to a stream at most before they have left: Node may lose as many. */
  sliceLength(): number {
    const share = Math.floor((BUDGET - this.#held) / SHARES / SMALLEST) * SMALLEST
    return Math.max(SMALLEST, Math.min(LARGEST, share))
  }

  /** A slice is written. */
  hold(length: number): void {
    this.#held += length
  }

  /** A slice has left. */
  release(length: number): void {
    this.#held -= length
  }

  /** After a slice that will never leave, since its stream was reset. */
  replaceIfWorn(): void {
    if (this.#held >= WORN_FROM) this.#session.close()
  }
}
