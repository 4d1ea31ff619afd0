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
/** From so many bytes on a session is replaced: Node's `maxSessionMemory` is 10 MB by default. */
const WORN_FROM = 8_000_000

/**
 * What each session holds: slices that were written and have yet to leave. Node counts them as this
 * does, and never forgives one whose stream is reset before: past `maxSessionMemory`, it refuses
 * every further request of the connection, and so of a film that is sought in.
 */
const held = new WeakMap<Session, number>()

/** How many bytes to write to a stream at most before they have left: Node may lose as many. */
export function sliceLength(session: Session): number {
  const share = Math.floor((BUDGET - heldBy(session)) / SHARES / SMALLEST) * SMALLEST
  return Math.max(SMALLEST, Math.min(LARGEST, share))
}

/** Notes a slice that is written. */
export function noteWritten(session: Session, length: number): void {
  held.set(session, heldBy(session) + length)
}

/** Notes a slice that has left. */
export function noteLeft(session: Session, length: number): void {
  held.set(session, heldBy(session) - length)
}

/** Notes a slice that will never leave, since its stream was reset. */
export function noteLost(session: Session): void {
  if (heldBy(session) >= WORN_FROM) session.close()
}

function heldBy(session: Session): number {
  return held.get(session) ?? 0
}
