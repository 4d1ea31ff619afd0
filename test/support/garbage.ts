import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Collects garbage, and lets what was registered for finalization run. */
export async function collectGarbage(): Promise<void> {
  collect()
  await new Promise((resolve) => setTimeout(resolve, 0))
}
