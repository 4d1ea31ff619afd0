/** How many entries are handled at a time, which takes some 2 ms. */
export const RUN_LENGTH = 512

/** Lets whatever else is ready run first: a long loop would hold it up. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
