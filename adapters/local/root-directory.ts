import { Buffer } from 'node:buffer'
import { sep } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Calls, isAbsence } from './calls.ts'
import type { Devices } from './devices/devices.ts'
import { type Descriptor, linkOf, O_PATH, openByDescriptor } from './opening.ts'
import { canAskDescriptors } from './permission.ts'
import { isBelow, RealPaths } from './real-paths.ts'
import { MAX_TRIES, openByName, replaced, type Scope } from './scope.ts'
import { type FileStat, isDirectory } from './version.ts'

/** How long a root is taken to be there after it was looked at, in ms. */
const THERE_FOR = 1000

/** What came of opening a path once; unclear if it led elsewhere meanwhile. */
type Attempt = Omit<Descriptor, 'path'> | 'directory' | 'unclear' | null

/** What lies below a directory with all links resolved or, with `follow`, wherever these lead. */
export class RootDirectory implements Scope {
  readonly prefix: string
  readonly id: string
  readonly #path: string
  readonly #links: 'inside' | 'follow'
  readonly #realPaths: RealPaths
  readonly #devices: Devices
  /**
   * The directory that this one must lie in; null for a root. This one may be a link, or missing.
   */
  readonly #parent: RootDirectory | null
  /** Until when the root is taken to be there, on the clock of `performance`. */
  #thereUntil = 0

  /**
   * @param path absolute; it may be a link that a deployment points at its next release
   * @param links `follow`: those that lead out of the root are followed, too
   */
  constructor(
    path: string,
    links: 'inside' | 'follow',
    devices: Devices,
    parent: RootDirectory | null = null,
  ) {
    this.#path = path
    this.#links = links
    this.#realPaths = new RealPaths(path, devices)
    this.#devices = devices
    this.#parent = parent
    this.prefix = path.endsWith(sep) ? path : path + sep
    // Nothing in a path can be taken for its end.
    this.id = `${parent?.id ?? `${links}\0`}${path}\0`
  }

  /** One of its folders, out of which no link leads either. */
  folder(path: string): RootDirectory {
    return new RootDirectory(this.prefix + path, this.#links, this.#devices, this)
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
    if (this.#parent !== null) return this.#parent.expectThere()
    return performance.now() < this.#thereUntil ? undefined : this.expectThereNow()
  }

  /** @throws Error, as a rejection, if it is no directory by now */
  async expectThereNow(): Promise<void> {
    if (this.#parent !== null) return this.#parent.expectThereNow()
    const found = await this.#devices.stat(this.#path)
    if (found === null || !isDirectory(found)) {
      throw new Error(
        `Expected a directory, found ${found ? 'something else' : 'nothing'} at ${this.#path}`,
      )
    }
    this.#thereUntil = performance.now() + THERE_FOR
  }

  async contains(file: Descriptor, calls: Calls): Promise<boolean> {
    if (this.#links === 'follow') return true
    try {
      return canAskDescriptors
        ? await this.#isInside(await calls.readlink(linkOf(file.fd)), calls)
        : await this.#isNamedInside(file.path, file.stat, calls)
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
  async follow(path: string, calls: Calls): Promise<FileStat | null> {
    if (!canAskDescriptors) {
      if (!(await this.#isOwn(path, calls))) return null
      return (await this.#isNamedInside(path, null, calls)) ? calls.stat(path) : null
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
   * Resolves the root once, and opens what lies below that: a file is of one release or of the
   * other, even if the root is pointed elsewhere meanwhile.
   */
  async #openByDescriptor(path: string, calls: Calls): Promise<Attempt> {
    const root = await this.#realPath(calls)
    if (root === null) return null
    const at = Buffer.concat([root, Buffer.from(sep + path.slice(this.prefix.length))])
    return openByDescriptor(at, calls, (real) => this.#links === 'follow' || isBelow(real, root))
  }

  async #isInside(real: Buffer, calls: Calls): Promise<boolean> {
    if (this.#links === 'follow') return true
    const root = await this.#realPath(calls)
    return root !== null && isBelow(real, root)
  }

  /** Its real path; null if that is not inside its parent. */
  async #realPath(calls: Calls): Promise<Buffer | null> {
    const real = await calls.realpath(this.#path)
    const isInside = this.#parent === null || (await this.#parent.#isInside(real, calls))
    return isInside ? real : null
  }

  /** As `#isInside`, by names, where they are all there is. */
  async #isNamedInside(path: string, stat: FileStat | null, calls: Calls): Promise<boolean> {
    if (this.#links === 'follow') return true
    return (
      (await this.#isInsideParent(calls)) &&
      (await this.#realPaths.look(path, stat, calls)) === 'inside'
    )
  }

  /** Whether a path is the one that its file has, from the outermost root on. */
  #isOwn(path: string, calls: Calls): Promise<boolean> {
    return this.#parent ? this.#parent.#isOwn(path, calls) : this.#realPaths.isOwn(path, calls)
  }

  async #isInsideParent(calls: Calls): Promise<boolean> {
    return this.#parent === null || this.#parent.#isNamedInside(this.#path, null, calls)
  }

  /** Opens what a path leads to, and then looks whether that was below the root. */
  async #openByName(path: string, calls: Calls): Promise<Attempt> {
    if (!(await this.#isOwn(path, calls))) return null
    const opened = await openByName(path, calls)
    if (opened === null || this.#links === 'follow') return opened
    let isServed = false
    try {
      if (!(await this.#isInsideParent(calls))) return null
      const where = await this.#realPaths.prove(
        path,
        opened === 'directory' ? null : opened.stat,
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
