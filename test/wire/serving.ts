import { afterAll, beforeAll } from 'vitest'
import type { Fixture } from './fixtures.ts'
import { startTargets, stopTargets, type Target, type TargetName } from './targets.ts'

/** Targets that run. */
export interface Serving {
  all(): readonly Target[]
  /** @throws Error when it does not run */
  one(name: TargetName): Target
}

/**
 * Starts targets before the tests of a file, and stops them after.
 *
 * @param directory what they serve
 * @param objects what workerd serves, from R2
 */
export function serving(
  names: readonly TargetName[],
  directory: string,
  objects: readonly Fixture[] = [],
): Serving {
  let targets: Target[] = []
  beforeAll(async () => {
    targets = await startTargets(names, directory, objects)
  }, 120_000)
  afterAll(() => stopTargets(targets))
  return {
    all: () => targets,
    one(name) {
      const target = targets.find((each) => each.name === name)
      if (target === undefined) throw new Error(`${name} does not run`)
      return target
    },
  }
}
