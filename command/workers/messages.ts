import type { RowReport } from '../page/events.ts'
import type { Facts, Job } from '../server.ts'

/** What the process that a person started says to its workers. */
export type ToWorker =
  | { readonly kind: 'start'; readonly number: number; readonly job: Job }
  /** What another worker has to report. */
  | { readonly kind: 'report'; readonly report: RowReport }
  /** To end once the responses under way are over, or at once; all that is logged comes before. */
  | { readonly kind: 'drain' | 'end' }

/** What a worker says to the process that a person started. */
export type FromWorker =
  /** It hears. */
  | { readonly kind: 'here' }
  | { readonly kind: 'listening'; readonly facts: Facts }
  | { readonly kind: 'failure'; readonly message: string }
  /** Lines of the log. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** What is about no request. */
  | { readonly kind: 'notice'; readonly notice: string }
  /** How far its downloads have come. */
  | { readonly kind: 'progress'; readonly progress: string }
  | { readonly kind: 'report'; readonly report: RowReport }
  /** It has nothing more to say. */
  | { readonly kind: 'over' }
