import { setTimeout } from 'node:timers/promises'

/** Longer than anything takes on a busy machine. */
const PATIENCE = 20_000

/**
 * Asks again and again until the answer is not null.
 *
 * @throws Error saying what was waited for, when it never came
 */
export async function eventually<T>(
  what: string,
  ask: () => T | null | Promise<T | null>,
  patience: number = PATIENCE,
): Promise<T> {
  const deadline = Date.now() + patience
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (Date.now() > deadline) throw new Error(`Expected ${what} within ${patience} ms`)
    await setTimeout(25)
  }
}
