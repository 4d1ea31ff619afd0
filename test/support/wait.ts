import process from 'node:process'
import { setTimeout } from 'node:timers/promises'

/**
 * Longer than anything takes on a busy machine, and less than a test may take, in ms. In CI, that is
 * many times busier than a desk; nothing that comes waits for it.
 */
export const PATIENCE: number = process.env.CI ? 45_000 : 15_000

/** How often is asked, in ms. */
const INTERVAL = 5

/**
 * Asks again and again until the answer is not null: no time is asserted, but who waits in vain
 * ends.
 *
 * @param patience how many ms are in vain
 * @throws Error saying what was waited for, when it never came
 */
export async function eventually<T>(
  what: string,
  ask: () => T | null | Promise<T | null>,
  patience: number = PATIENCE,
): Promise<T> {
  const deadline = performance.now() + patience
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() > deadline) throw new Error(`Expected in vain: ${what}`)
    await setTimeout(INTERVAL)
  }
}

/**
 * Waits until a condition holds.
 *
 * @throws Error with the source of the condition, when it never did
 */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(`${condition}`, async () => ((await condition()) ? true : null))
}

/** Lets everything that is ready run. */
export function settle(): Promise<void> {
  return setTimeout(0)
}
