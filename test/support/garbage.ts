import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from './wait.ts'

setFlagsFromString('--expose-gc')
const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc')

/** Collects the garbage among what was made lately. */
export function collectYoung(): void {
  collect({ type: 'minor' })
}

/** Collects garbage, and lets what was registered for finalization run. */
export async function collectGarbage(): Promise<void> {
  collect()
  await new Promise((resolve) => setTimeout(resolve, 0))
}

/** Collects garbage again and again until a condition holds. */
export function untilCollected(condition: () => boolean): Promise<void> {
  return until(async () => {
    await collectGarbage()
    return condition()
  })
}
