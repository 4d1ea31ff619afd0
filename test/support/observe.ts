import type { ServeOptions } from '../../src/respond.ts'
import type { Served } from '../../src/served.ts'
import type { RequestLike } from '../../src/source.ts'

/** What a test wants to know of a response that was served. */
export interface Outcome extends Pick<Served, 'status' | 'sent' | 'aborted'> {
  /** Of how many beginnings of it was told, where that was not one. */
  readonly begun?: number
}

/** Options that note what they are told of, in order. */
export function observe(): { options: ServeOptions; served: Outcome[]; errors: unknown[] } {
  const begun: RequestLike[] = []
  const served: Outcome[] = []
  const errors: unknown[] = []
  const options: ServeOptions = {
    onBegin: ({ request }) => void begun.push(request),
    onServed({ request, status, sent, aborted }) {
      const times = begun.filter((each) => each === request).length
      served.push({ status, sent, aborted, ...(times !== 1 && { begun: times }) })
    },
    onError: (error) => void errors.push(error),
  }
  return { options, served, errors }
}
