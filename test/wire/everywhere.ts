import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import type { Fixture } from './fixtures.ts'
import { serving } from './serving.ts'
import { installed, TARGETS, type Target, type TargetName } from './targets.ts'

/**
 * Does something that takes long on every installed target at the same time, where vitest would do
 * it on five.
 *
 * @param act is given a target that serves the file, and where the file lies
 */
export function everywhere<T>(
  file: Fixture,
  act: (target: Target, path: string) => Promise<T>,
): { names: readonly TargetName[]; outcomeOf(name: TargetName): Promise<T> } {
  const names = installed(TARGETS)
  const root = temporaryDirectory()
  const path = join(root, file.path)
  const outcomes = new Map<TargetName, Promise<T | Error>>()

  const targets = serving(names, root, [file])
  beforeAll(() => {
    writeFileSync(path, file.bytes)
    for (const target of targets.all()) {
      outcomes.set(
        target.name,
        act(target, path).catch((error: Error) => error),
      )
    }
  })

  return {
    names,
    async outcomeOf(name) {
      const outcome = await outcomes.get(name)
      if (outcome === undefined) throw new Error(`Expected ${name} to be started`)
      if (outcome instanceof Error) throw outcome
      return outcome
    },
  }
}
