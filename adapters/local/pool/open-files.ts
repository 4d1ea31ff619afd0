import { type Calls, codeOf } from '../calls.ts'
import { Devices, type Located } from '../devices/devices.ts'
import type { HangUp } from '../devices/limiter.ts'
import type { SharingOptions } from '../file-source.ts'
import type { Memory } from '../memory.ts'
import type { Descriptor } from '../opening.ts'
import type { Scope } from '../scope.ts'
import { type FileStat, isSame } from '../version.ts'
import { Fingerprints } from './fingerprint.ts'
import { Handle, type Pool, type PooledFile } from './handle.ts'
import { IdleFiles } from './idle-files.ts'
import { OpenFile } from './open-file.ts'

/** How long a file is taken to be in its scope after it was checked, in ms. */
const CHECKED_FOR = 1000

type Result = Handle | 'directory' | null
type Awaitable<T> = T | Promise<T>

/** What a request asks for. */
interface Sought {
  readonly scope: Scope
  readonly path: string
  /** What its file is shared by. */
  readonly key: string
  readonly keepOpen: number
}

/**
 * The pool of open files. Responses that find the same version share one descriptor: looking at a
 * path takes a sixth of the time of opening, checking and closing it.
 */
export class OpenFiles {
  readonly #memory: Memory
  readonly #devices: Devices
  readonly #fingerprints: Fingerprints
  /** Files that further responses may share, by the scope and path where they were found. */
  readonly #shared = new Map<string, PooledFile>()
  readonly #idle = new IdleFiles(
    (pooled) => this.#closeQuietly(pooled),
    (pooled) => void Promise.resolve(this.#settle(pooled)).catch(noop),
  )
  readonly #opening = new Map<string, Promise<unknown>>()
  /** What handles ask of this pool. */
  readonly #pool: Pool

  constructor(memory: Memory, devices: Devices = new Devices()) {
    this.#memory = memory
    this.#devices = devices
    this.#pool = {
      memory,
      release: (pooled) => this.#release(pooled),
      detach: (pooled) => this.#idle.detach(pooled),
    }
    this.#fingerprints = new Fingerprints(devices, memory)
  }

  /**
   * The regular file at a path, as it is now.
   *
   * Never waits for a slow disk on this thread: a path that was not looked at lately is first
   * looked at in another one. That brings its names and its inode into the kernel's memory, where
   * the next look takes microseconds. Where a mount may stall, no call is made on this thread.
   *
   * @returns null when there is no such file, it is not a regular one, or it may not be served
   * @throws the operating system's error for any other failure, at once or as a rejection
   */
  find(
    scope: Scope,
    path: string,
    { keepOpen = 1000 }: SharingOptions = {},
    hangUp?: HangUp,
  ): Awaitable<Result> {
    const key = scope.id + path
    const checked = this.#checkedLately(key)
    if (checked !== null) return this.#acquire(checked, keepOpen)
    const sought = { scope, path: scope.prefix + path, key, keepOpen }
    const stat = this.#lookHere(sought)
    if (stat === 'unknown') {
      return this.#devices.locate(sought.path, hangUp).then((found) => this.#take(sought, found))
    }
    return this.#take(sought, stat && { stat, isNear: true })
  }

  /** Closes all files that nobody reads, except detached ones. */
  closeIdle(): void {
    this.#idle.closeAll()
  }

  /** Opens something: if too many files are open, once more without those that nobody reads. */
  async makingRoom<T>(open: () => Awaitable<T>): Promise<T> {
    try {
      return await open()
    } catch (error) {
      const isCrowded = codeOf(error) === 'EMFILE' || codeOf(error) === 'ENFILE'
      if (!isCrowded) throw error
      this.closeIdle()
      return open()
    }
  }

  /** @param now closes those whose time is up by then, on the clock of `performance` */
  sweep(now?: number): void {
    this.#idle.sweep(now)
  }

  /**
   * The file in the pool that was in its place lately, if a look at its path still sees it: most
   * requests need no more than this.
   */
  #checkedLately(key: string): PooledFile | null {
    const pooled = this.#shared.get(key)
    if (pooled === undefined) return null
    if (performance.now() >= pooled.checkedUntil) return null
    const { path, stat } = pooled.file
    const found = this.#devices.statSyncOn(path, stat.dev)
    return found !== null && found !== 'unknown' && isSame(found, stat) ? pooled : null
  }

  /** A handle of what a look at its path has just found. */
  #take(sought: Sought, found: Located | null): Awaitable<Result> {
    if (found === null) return this.#miss(sought)
    const pooled = this.#current(sought, found.stat)
    return pooled ? this.#acquireIfInside(sought, pooled, found) : this.#open(sought, found)
  }

  #miss({ key, scope }: Sought): null | Promise<null> {
    this.#forget(key)
    const looking = scope.expectThere()
    return looking instanceof Promise ? looking.then(() => null) : null
  }

  #lookHere({ path, key }: Sought): FileStat | null | 'unknown' {
    const found = this.#devices.statSync(path)
    // A path may lead through a directory that was removed just now, and elsewhere at once.
    return found === null && this.#shared.has(key) ? this.#devices.statSync(path) : found
  }

  /** The file in the pool that a look at its path has just seen, unless it has changed. */
  #current({ key }: Sought, found: FileStat): PooledFile | null {
    const pooled = this.#shared.get(key)
    return pooled !== undefined && isSame(pooled.file.stat, found) ? pooled : null
  }

  /** A handle of the pooled file if it may still be served from where it is; else of a new one. */
  async #acquireIfInside(sought: Sought, pooled: PooledFile, found: Located): Promise<Result> {
    const calls = this.#devices.callsAt(sought.path, found)
    const isInside = await sought.scope.contains(pooled.file, calls)
    // Meanwhile it may have been closed.
    if (!isInside || this.#shared.get(sought.key) !== pooled) return this.#open(sought, found)
    pooled.checkedUntil = checkedUntil(found)
    return this.#acquire(pooled, sought.keepOpen)
  }

  /** Opens a file, unless another request is about to: then waits for that, and shares its file. */
  async #open(sought: Sought, seen: Located): Promise<Result> {
    const { path, key, keepOpen } = sought
    const calls = this.#devices.callsAt(path, seen)
    const first = this.#opening.get(key)
    if (first !== undefined) {
      await first
      const found = this.#shared.has(key) ? await calls.stat(path) : null
      const pooled = found && this.#current(sought, found)
      if (pooled !== null) return this.#acquire(pooled, keepOpen)
    }
    const opening = this.#openNow(sought, calls, seen)
    this.#opening.set(key, opening.then(noop, noop))
    try {
      return await opening
    } finally {
      this.#opening.delete(key)
    }
  }

  async #openNow(
    { scope, path, key, keepOpen }: Sought,
    calls: Calls,
    found: Located,
  ): Promise<Result> {
    const opened = await this.makingRoom(() => scope.open(path, calls))
    if (opened === null || opened === 'directory') return opened
    const file = await this.#describe(opened, calls)
    const pooled = { file, key, refCount: 0, keepOpen: 0, checkedUntil: checkedUntil(found) }
    const handle = this.#acquire(pooled, keepOpen)
    this.#forget(key)
    // Of a version that may change unnoticed, the next response gets a description of its own.
    if (!file.isRacy) this.#shared.set(key, pooled)
    return handle
  }

  async #describe(opened: Descriptor, calls: Calls): Promise<OpenFile> {
    try {
      const described = await this.#fingerprints.describe(opened)
      return new OpenFile(described, this.#devices, this.#memory)
    } catch (error) {
      await calls.close(opened.fd)
      throw error
    }
  }

  #acquire(pooled: PooledFile, keepOpen: number): Handle {
    pooled.refCount++
    pooled.keepOpen = Math.max(pooled.keepOpen, keepOpen)
    this.#idle.remove(pooled)
    return new Handle(pooled, this.#pool)
  }

  #release(pooled: PooledFile): void | Promise<void> {
    if (--pooled.refCount > 0 || this.#idle.isDetached(pooled)) return
    return this.#settle(pooled)
  }

  /** Keeps a file that nobody reads open for the next response, or closes it. */
  #settle(pooled: PooledFile): void | Promise<void> {
    const isShared = this.#shared.get(pooled.key) === pooled
    if (pooled.keepOpen === 0 || !isShared) return this.#close(pooled)
    this.#idle.add(pooled)
  }

  /** Stops sharing a file whose path leads elsewhere or nowhere; responses that read it go on. */
  #forget(key: string): void {
    const pooled = this.#shared.get(key)
    if (pooled !== undefined && this.#idle.has(pooled)) this.#closeQuietly(pooled)
    this.#shared.delete(key)
  }

  /** Closes a file that nobody reads, so that there is nobody to tell if that fails. */
  #closeQuietly(pooled: PooledFile): void {
    void this.#close(pooled).catch(noop)
  }

  async #close(pooled: PooledFile): Promise<void> {
    this.#idle.remove(pooled)
    if (this.#shared.get(pooled.key) === pooled) this.#shared.delete(pooled.key)
    await pooled.file.close()
  }
}

/** Until when no more than a look at its path is needed: not at all where that may stall. */
function checkedUntil({ isNear }: Located): number {
  return isNear ? performance.now() + CHECKED_FOR : 0
}

function noop(): void {}
