import type { ServeOptions } from '../../src/respond.ts'
import type { Served } from '../../src/served.ts'

/** What a test wants to know of a response that was served. */
export type Outcome = Pick<Served, 'status' | 'sent' | 'aborted'>

/** Options that note what they are told of, in order. */
export function observe(): { options: ServeOptions; served: Outcome[]; errors: unknown[] } {
  const served: Outcome[] = []
  const errors: unknown[] = []
  const options: ServeOptions = {
    onServed: ({ status, sent, aborted }) => void served.push({ status, sent, aborted }),
    onError: (error) => void errors.push(error),
  }
  return { options, served, errors }
}
