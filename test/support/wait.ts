/**
 * Waits until a condition holds: no time is asserted, but a test that waits in vain ends.
 *
 * @throws after 15 s, saying what did not come true
 */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Expected in vain: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
