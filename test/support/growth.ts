/**
 * How much longer a function takes for an input eight times as long: about 8 when it is linear,
 * about 64 when it is quadratic. The best of several interleaved rounds, so that a noisy machine
 * does not count.
 *
 * @param make an input of about so many characters
 */
export function growth(make: (length: number) => string, run: (input: string) => unknown): number {
  const inputs = [make(4000), make(32_000)] as const
  const best = [Infinity, Infinity] as [number, number]
  for (let round = 0; round < 9; round++) {
    for (const side of [0, 1] as const) {
      const started = performance.now()
      run(inputs[side])
      best[side] = Math.min(best[side], performance.now() - started)
    }
    // A quadratic run is long, and shows it soon; one that was interrupted is not, the next time.
    if (round > 1 && best[1] > 200) break
  }
  // Below the clock's resolution nothing is slow.
  return best[1] / Math.max(best[0], 0.01)
}

/** Between linear and quadratic, far from both. */
export const QUADRATIC = 28
