import { Buffer } from 'node:buffer'
import { sep } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceChangedError } from '../../src/errors.ts'
import { type Calls, canAskDescriptors, isAbsence, unlessAbsent } from './calls.ts'
import type { Devices } from './devices/devices.ts'
import { type Descriptor, linkOf, O_PATH, openByDescriptor, openRegular } from './opening.ts'
import { isBelow, RealPaths } from './real-paths.ts'
import { isDirectory, isRegular, type Version } from './version.ts'

/** Which files may be opened: those below a root, or all. */
export interface Scope {
  /** What stands before a path in this scope. */
  readonly prefix: string
  /** Unlike those of other scopes: a file that is served in one may not be served in another. */
  readonly id: string
  /**
   * Opens the regular file at a path.
   *
   * @param path with the prefix
   * @returns null when there is none, or it may not be served
   */
  open(path: string, calls: Calls): Promise<Descriptor | 'directory' | null>
  /**
   * Makes sure that nothing is found because nothing is there, and not because the root is gone, as
   * that of a disk that is not mounted.
   *
   * @throws Error, as a rejection, if it is
   */
  expectThere(): void | Promise<void>
  /** Whether a file that was opened here is still where it may be served from. */
  contains(file: Descriptor, calls: Calls): boolean | Promise<boolean>
}

/** How often a file is opened anew whose name leads elsewhere each time. */
const MAX_TRIES = 20

/** How long a look is trusted: so long, in ms, a root counts as still there. */
const THERE_FOR = 1000

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

async function openByName(
  path: string,
  calls: Calls,
): Promise<Omit<Descriptor, 'path'> | 'directory' | null> {
  const found = await calls.stat(path)
  if (found === null) return null
  if (isDirectory(found)) return 'directory'
  return isRegular(found) ? openRegular(path, calls) : null
}

/** What came of opening a path once; unclear if it led elsewhere meanwhile. */
type Attempt = Omit<Descriptor, 'path'> | 'directory' | 'unclear' | null

/** What lies below a directory with all links resolved or, with `follow`, wherever these lead. */
export class RootDirectory implements Scope {
  readonly prefix: string
  readonly id: string
  readonly #path: string
  readonly #followsLinks: boolean
  readonly #realPaths: RealPaths
  readonly #devices: Devices
  /** Until when the root is taken to be there, on the clock of `performance`. */
  #thereUntil = 0

  /**
   * @param path absolute; it may be a link that a deployment points at its next release
   * @param links `follow`: those that lead out of the root are followed, too
   */
  constructor(path: string, links: 'inside' | 'follow', devices: Devices) {
    this.#path = path
    this.#followsLinks = links === 'follow'
    this.#realPaths = new RealPaths(path, devices)
    this.#devices = devices
    this.prefix = path.endsWith(sep) ? path : path + sep
    // Nothing in a path can be taken for its end.
    this.id = `${links}\0${path}\0`
  }

  async open(path: string, calls: Calls): Promise<Descriptor | 'directory' | null> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const opened = await this.#attempt(path, calls)
      if (opened === null || opened === 'directory') return opened
      if (opened !== 'unclear') return { path, ...opened }
      // Where names are all there is, proofs take longer than some files stay the same.
      if (!canAskDescriptors && tries > 2) await delay(tries)
    }
    throw replaced(path)
  }

  expectThere(): void | Promise<void> {
    return performance.now() < this.#thereUntil ? undefined : this.look()
  }

  /** @throws Error, as a rejection, if it is no directory by now */
  async look(): Promise<void> {
    const found = await this.#devices.look(this.#path)
    if (found === null || !isDirectory(found)) {
      throw new Error(
        `Expected a directory, found ${found ? 'something else' : 'nothing'} at ${this.#path}`,
      )
    }
    this.#thereUntil = performance.now() + THERE_FOR
  }

  async contains(file: Descriptor, calls: Calls): Promise<boolean> {
    if (this.#followsLinks) return true
    try {
      return canAskDescriptors
        ? await this.#isInside(await calls.readlink(linkOf(file.fd)), calls)
        : (await this.#realPaths.look(file.path, file.version, calls)) === 'inside'
    } catch {
      // Opening it will say why.
      return false
    }
  }

  /**
   * Opens a directory, for its names.
   *
   * @returns a path that leads to it whatever becomes of its names, where there is one; null if it
   * is no directory, or may not be served
   */
  async enter(path: string, calls: Calls): Promise<Entered | null> {
    if (!canAskDescriptors) {
      const opened = await this.open(path, calls)
      if (opened === 'directory') return { path, leave: () => {} }
      if (opened !== null) await calls.close(opened.fd)
      return null
    }
    const fd = await calls.open(path, O_PATH)
    const leave = () => calls.close(fd)
    let isServed = false
    try {
      isServed =
        isDirectory(await calls.fstat(fd)) &&
        (await this.#isInside(await calls.readlink(linkOf(fd)), calls))
    } finally {
      if (!isServed) await leave()
    }
    return isServed ? { path: linkOf(fd), leave } : null
  }

  /** What a link leads to; null if that may not be served. */
  async follow(path: string, calls: Calls): Promise<Version | null> {
    if (!canAskDescriptors) {
      return (await this.#realPaths.look(path, null, calls)) === 'inside' ? calls.stat(path) : null
    }
    const fd = await calls.open(path, O_PATH)
    try {
      const isServed = await this.#isInside(await calls.readlink(linkOf(fd)), calls)
      return isServed ? await calls.fstat(fd) : null
    } finally {
      await calls.close(fd)
    }
  }

  async #attempt(path: string, calls: Calls): Promise<Attempt> {
    try {
      return canAskDescriptors
        ? await this.#openByDescriptor(path, calls)
        : await this.#openByName(path, calls)
    } catch (error) {
      if (!isAbsence(error)) throw error
      // What the look before has seen may have been replaced, and be there again.
      return (await calls.stat(path)) === null ? null : 'unclear'
    }
  }

  /**
   * Opens what lies below the root as it leads by now: so it is of one release or the other,
   * whichever the root is turned to meanwhile.
   */
  async #openByDescriptor(path: string, calls: Calls): Promise<Attempt> {
    const root = await calls.realpath(this.#path)
    const at = Buffer.concat([root, Buffer.from(sep + path.slice(this.prefix.length))])
    return openByDescriptor(at, calls, (real) => this.#followsLinks || isBelow(real, root))
  }

  async #isInside(real: Buffer, calls: Calls): Promise<boolean> {
    return this.#followsLinks || isBelow(real, await calls.realpath(this.#path))
  }

  /** Opens what a path leads to, and then looks whether that was below the root. */
  async #openByName(path: string, calls: Calls): Promise<Attempt> {
    const opened = await openByName(path, calls)
    if (opened === null || this.#followsLinks) return opened
    let isServed = false
    try {
      const where = await this.#realPaths.prove(
        path,
        opened === 'directory' ? null : opened.version,
        calls,
      )
      if (where !== 'inside') return where === 'outside' ? null : 'unclear'
      isServed = true
      return opened
    } finally {
      if (!isServed && opened !== 'directory') await calls.close(opened.fd)
    }
  }
}

/** A directory that was opened. */
interface Entered {
  readonly path: string
  leave(): void | Promise<void>
}

function replaced(path: string): SourceChangedError {
  return new SourceChangedError(`${path} was replaced each time it was opened`)
}
