import { describeSource } from '../contract.ts'
import { madeSources, OPENED_WHEN_READ } from '../support/made.ts'

/**
 * The contract of a source for one that is made of others, on the runtime that this runs on. Of its
 * `read` alone the others are made, in the same JavaScript everywhere: see made.test.ts.
 */
export function describeMade(...where: Parameters<typeof madeSources>): void {
  for (const [name, platform] of madeSources(...where)) {
    if (name === OPENED_WHEN_READ) describeSource(name, platform)
  }
}
