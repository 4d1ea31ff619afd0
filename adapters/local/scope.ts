import { SourceChangedError } from '../../src/errors.ts'
import { type Calls, unlessAbsent } from './calls.ts'
import { type Descriptor, openByDescriptor, openRegular } from './opening.ts'
import { canAskDescriptors } from './permission.ts'
import { isDirectory, isRegular } from './version.ts'

/** Which files may be opened: those below a root, or all. */
export interface Scope {
  /** What stands before a path in this scope. */
  readonly prefix: string
  /** Differs from that of every other scope: a file served in one may not be served in another. */
  readonly id: string
  /**
   * Opens the regular file at a path.
   *
   * @param path with the prefix
   * @returns null when there is none, or it may not be served
   */
  open(path: string, calls: Calls): Promise<Descriptor | 'directory' | null>
  /**
   * Makes sure, where nothing was found, that this is not because the root is gone, as when its
   * disk is not mounted.
   *
   * @throws Error, as a rejection, if it is
   */
  expectThere(): void | Promise<void>
  /** Whether a file that was opened here is still where it may be served from. */
  contains(file: Descriptor, calls: Calls): boolean | Promise<boolean>
}

/** How often a file is opened anew whose name leads elsewhere each time. */
export const MAX_TRIES = 20

/** Any path: the caller means what it leads to, wherever that is. */
export const anywhere: Scope = {
  prefix: '',
  id: 'anywhere\0',
  open: openAnything,
  expectThere: () => {},
  contains: () => true,
}

async function openAnything(path: string, calls: Calls): Promise<Descriptor | 'directory' | null> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const opened = await unlessAbsent(() =>
      canAskDescriptors ? openByDescriptor(path, calls, () => true) : openByName(path, calls),
    )
    if (opened !== null) return opened === 'directory' ? opened : { path, ...opened }
    // What was not there may have been replaced at that moment.
    const found = await calls.stat(path)
    if (found === null || !isRegular(found)) return null
  }
  throw replaced(path)
}

/** Opens what a path leads to by now, where nothing says what a descriptor is. */
export async function openByName(
  path: string,
  calls: Calls,
): Promise<Omit<Descriptor, 'path'> | 'directory' | null> {
  const found = await calls.stat(path)
  if (found === null) return null
  if (isDirectory(found)) return 'directory'
  return isRegular(found) ? openRegular(path, calls) : null
}

export function replaced(path: string): SourceChangedError {
  return new SourceChangedError(`${path} was replaced each time it was opened`)
}
