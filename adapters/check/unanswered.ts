/** Why a question got no answer that could be judged. */
export type Obstacle =
  /** The host's name is unknown. */
  | 'name'
  /** There was no connection, or it ended before an answer. */
  | 'connection'
  /** The certificate is not one to trust. */
  | 'certificate'
  /** What answers does not speak HTTP/1.1. */
  | 'protocol'
  /** It takes too long. */
  | 'timeout'
  /** There is an answer, but it is no file: a 404, or a redirect to nowhere. */
  | 'answer'
  /** The check may ask, or receive, no more. */
  | 'limit'

export const HTTP2_ONLY =
  'it speaks HTTP/2 only; this asks in HTTP/1.1, as media players and download tools do'

/** A URL that could not be checked, or a question that got no answer. */
export class UnansweredError extends Error {
  /** Survives minification. */
  override readonly name = 'UnansweredError'
  /** Why there was no answer. */
  readonly obstacle: Obstacle

  /** The message says what was asked, and what came instead. */
  constructor(obstacle: Obstacle, message: string, options?: ErrorOptions) {
    super(message, options)
    this.obstacle = obstacle
  }
}
