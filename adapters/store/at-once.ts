/** How much is asked for at once: each may be a request to another server. */
export const AT_ONCE = 16

/** What comes of each, in order. They are asked for in groups of `max`. */
export async function* atOnce<T, Answer>(
  items: Iterable<T> | AsyncIterable<T>,
  ask: (item: T) => Answer | Promise<Answer>,
  max: number = AT_ONCE,
): AsyncGenerator<Answer> {
  let group: (Answer | Promise<Answer>)[] = []
  for await (const item of items) {
    const answer = ask(item)
    // If one fails, nobody waits for the others.
    if (answer instanceof Promise) answer.catch(() => {})
    if (group.push(answer) < max) continue
    yield* await Promise.all(group)
    group = []
  }
  yield* await Promise.all(group)
}

/** How many entries are handled at a time, which takes some 2 ms. */
export const RUN_LENGTH = 512

/** Lets whatever else is ready run first: a long loop would hold it up. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
