import { setTimeout } from 'node:timers'
import { expectWholeNumber } from '../../src/errors.ts'
import { type Calls, codeOf, here } from './calls.ts'
import { Fingerprints, type Opened } from './fingerprint.ts'
import type { Memory } from './memory.ts'
import { Mounts } from './mounts.ts'
import { OpenFile } from './open-file.ts'
import { isSame, type Version } from './version.ts'

/** How long files stay open. */
export interface SharingOptions {
  /**
   * How long a file stays open after the last response that read it, in ms, so that the next one
   * finds it open. It may be up to a second more, and is less when over 128 files wait like this. A
   * whole number, 1000 by default; 0 closes it at once. Where one file is asked for with several,
   * the longest counts.
   */
  readonly keepOpen?: number | undefined
}

/** @throws RangeError unless `keepOpen` is a whole number, 0 or more */
export function expectSharing({ keepOpen }: SharingOptions): void {
  if (keepOpen !== undefined) expectWholeNumber('keepOpen', keepOpen, 0)
}

/** What files are opened by: below a root, or as they are given. */
export interface Place {
  /** What stands before a path in this place. */
  readonly prefix: string
  /** Unlike those of other places: a file that is served here may not be served there. */
  readonly id: string
  /**
   * Opens the regular file at a path.
   *
   * @param path with the prefix
   * @returns null when there is none, or it may not be served
   */
  open(path: string, calls: Calls): Promise<Opened | 'directory' | null>
  /**
   * Makes sure that nothing is found because nothing is there, and not because all of the place is
   * gone: a disk that is not mounted, say.
   *
   * @throws Error, as a rejection, if it is
   */
  expectThere(): void | Promise<void>
  /** Whether a file that was opened here is still where it may be served from. */
  holds(file: OpenFile, calls: Calls): boolean | Promise<boolean>
}

/** An open file as one response has it. */
export interface Lease {
  readonly file: OpenFile
  /** As `OpenFile.read`, until `close`. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /** As `OpenFile.readSync`, until `close`. */
  readSync(start: number, end: number): Uint8Array<ArrayBuffer> | null
  /** Lets go of the file once reads under way are done. */
  close(): void | Promise<void>
  /**
   * Lets go of the file, and leaves its descriptor open for whoever was told its number: half a
   * minute at least, for nobody says when it was used.
   *
   * @returns false, and nothing has happened, if too many are left like this
   */
  handOver(): boolean
}

/** How often to look for files that have stayed open long enough, in ms. */
const SWEEP_EVERY = 1000

/** The most files that stay open although nobody reads them. */
const MAX_IDLE = 128

/** How long a descriptor stays open that was handed over, in ms, and of how many files at most. */
const HANDED_OVER_FOR = 30_000
const MAX_HANDED_OVER = 256

/** For so long a file that was found in its place is taken to be there, by this name, in ms. */
const HELD_FOR = 1000

type Found = Lease | 'directory' | null
type Awaitable<T> = T | Promise<T>

/** What is asked for. */
interface Sought {
  readonly place: Place
  readonly path: string
  /** Under which it is shared. */
  readonly key: string
  readonly keepOpen: number
}

/** A file in the pool. */
interface Entry {
  readonly file: OpenFile
  readonly key: string
  /** How many responses have it. */
  users: number
  keepOpen: number
  /** Until when it was found to be in its place, on the clock of `performance`. */
  heldUntil: number
}

/**
 * The pool of open files. Responses that find the same version share one descriptor: looking at a
 * path takes a sixth of the time of opening, checking and closing it.
 */
export class OpenFiles {
  readonly #memory: Memory
  readonly #mounts: Mounts
  readonly #fingerprints: Fingerprints
  /** What further responses may read from, by the place and path that it was found at. */
  readonly #shared = new Map<string, Entry>()
  /** Those that nobody reads, the longest idle first, and until when each stays open. */
  readonly #idle = new Map<Entry, number>()
  /** Those that may be opened by their number, and until when each stays open for that. */
  readonly #handedOver = new Map<Entry, number>()
  readonly #opening = new Map<string, Promise<unknown>>()
  #sweeper: NodeJS.Timeout | null = null

  constructor(memory: Memory, mounts: Mounts = new Mounts()) {
    this.#memory = memory
    this.#mounts = mounts
    this.#fingerprints = new Fingerprints(mounts, memory)
  }

  /**
   * The regular file at a path, as it is now.
   *
   * Never waits for a slow disk on this thread: a path that was not looked at lately is first looked
   * at in another one. That brings its names and its inode into the kernel's memory, where they are
   * at hand within microseconds. Where a mount may stall, nothing is asked on this thread.
   *
   * @returns null when there is no such file, it is not a regular one, or it may not be served
   * @throws the operating system's error for any other failure, at once or as a rejection
   */
  find(place: Place, path: string, { keepOpen = 1000 }: SharingOptions = {}): Awaitable<Found> {
    const key = place.id + path
    const held = this.#heldStill(key)
    if (held !== null) return this.#lend(held, keepOpen)
    const sought = { place, path: place.prefix + path, key, keepOpen }
    if (!this.#mounts.isAtHand(sought.path)) return this.#findCold(sought)
    const found = this.#lookHere(sought)
    if (found === null) return this.#miss(sought)
    const entry = this.#current(sought, found)
    return entry ? this.#lendIfHeld(sought, entry, here) : this.#open(sought, here)
  }

  /** Closes all files that nobody reads, but for those that were handed over. */
  closeIdle(): void {
    for (const [entry] of this.#idle) this.#closeQuietly(entry)
  }

  /** @param now closes those whose time is up by then, on the clock of `performance` */
  sweep(now: number = performance.now()): void {
    for (const [entry, until] of this.#idle) if (until <= now) this.#closeQuietly(entry)
    for (const [entry, until] of this.#handedOver) {
      if (until > now) continue
      this.#handedOver.delete(entry)
      if (entry.users === 0) this.#closeQuietly(entry)
    }
    this.#sweepLater()
  }

  /**
   * The file in the pool that was in its place lately, if a look at its path still sees it: most
   * requests need no more than this.
   */
  #heldStill(key: string): Entry | null {
    const entry = this.#shared.get(key)
    if (entry === undefined) return null
    const { path, version, isLocal } = entry.file
    const began = performance.now()
    if (began >= entry.heldUntil || !isLocal) return null
    const found = here.stat(path)
    this.#mounts.time(version.dev, performance.now() - began)
    return found !== null && isSame(found, version) ? entry : null
  }

  async #findCold(sought: Sought): Promise<Found> {
    const found = await this.#mounts.look(sought.path)
    if (found === null) return this.#miss(sought)
    const calls = this.#mounts.callsFor(sought.path, found.dev)
    const entry = this.#current(sought, found)
    return entry ? this.#lendIfHeld(sought, entry, calls) : this.#open(sought, calls)
  }

  #miss({ key, place }: Sought): null | Promise<null> {
    this.#forget(key)
    const looking = place.expectThere()
    return looking instanceof Promise ? looking.then(() => null) : null
  }

  #lookHere({ path, key }: Sought): Version | null {
    const began = performance.now()
    // A path may lead through a directory that was removed just now, and elsewhere at once.
    const found = here.stat(path) ?? (this.#shared.has(key) ? here.stat(path) : null)
    this.#mounts.note(path, found?.dev, performance.now() - began)
    return found
  }

  /** The file in the pool that a look at its path has just seen, unless it has changed. */
  #current({ key }: Sought, found: Version): Entry | null {
    const entry = this.#shared.get(key)
    return entry !== undefined && isSame(entry.file.version, found) ? entry : null
  }

  /** Lends a file of the pool if it still is where it may be served from; else opens it anew. */
  async #lendIfHeld(sought: Sought, entry: Entry, calls: Calls): Promise<Found> {
    const isHeld = await sought.place.holds(entry.file, calls)
    // Meanwhile it may have been closed.
    if (!isHeld || this.#shared.get(sought.key) !== entry) return this.#open(sought, calls)
    entry.heldUntil = performance.now() + HELD_FOR
    return this.#lend(entry, sought.keepOpen)
  }

  /** Opens a file, unless somebody else is about to: then that one is waited for, and shared. */
  async #open(sought: Sought, calls: Calls): Promise<Found> {
    const { path, key, keepOpen } = sought
    const first = this.#opening.get(key)
    if (first !== undefined) {
      await first
      const found = this.#shared.has(key) ? await calls.stat(path) : null
      const entry = found && this.#current(sought, found)
      if (entry !== null) return this.#lend(entry, keepOpen)
    }
    const opening = this.#openNow(sought, calls)
    const over = opening.then(noop, noop)
    this.#opening.set(key, over)
    try {
      return await opening
    } finally {
      if (this.#opening.get(key) === over) this.#opening.delete(key)
    }
  }

  async #openNow({ place, path, key, keepOpen }: Sought, calls: Calls): Promise<Found> {
    const opened = await this.#openPatiently(place, path, calls)
    if (opened === null || opened === 'directory') return opened
    const file = await this.#describe(opened, calls)
    const entry = { file, key, users: 0, keepOpen: 0, heldUntil: performance.now() + HELD_FOR }
    const lease = this.#lend(entry, keepOpen)
    this.#forget(key)
    // Of a version that may change unnoticed, the next response gets a description of its own.
    if (file.isTellable) this.#shared.set(key, entry)
    return lease
  }

  /** Tries again if too many files are open, without those that nobody reads. */
  async #openPatiently(place: Place, path: string, calls: Calls): ReturnType<Place['open']> {
    try {
      return await place.open(path, calls)
    } catch (error) {
      const isCrowded = codeOf(error) === 'EMFILE' || codeOf(error) === 'ENFILE'
      if (!isCrowded || this.#idle.size === 0) throw error
      this.closeIdle()
      return place.open(path, calls)
    }
  }

  async #describe(opened: Opened, calls: Calls): Promise<OpenFile> {
    try {
      const described = await this.#fingerprints.describe(opened)
      return new OpenFile(described, this.#mounts, this.#memory)
    } catch (error) {
      await calls.close(opened.fd)
      throw error
    }
  }

  #lend(entry: Entry, keepOpen: number): Lease {
    const { file } = entry
    entry.users++
    entry.keepOpen = Math.max(entry.keepOpen, keepOpen)
    this.#idle.delete(entry)
    const leave = this.#memory.join()
    let reads = 0
    let whenIdle: (() => void) | null = null
    let isClosed = false

    const expectOpen = () => {
      if (!isClosed) return
      throw new Error(`${file.path} was read after it was closed: a source is for one response`)
    }

    const close = () => {
      if (isClosed) return
      isClosed = true
      leave()
      // A descriptor closed during a read may be reused for another file, which would then be read.
      return reads > 0
        ? new Promise<void>((resolve) => (whenIdle = resolve)).then(() => this.#release(entry))
        : this.#release(entry)
    }

    return {
      file,
      close,
      async read(start, end, into) {
        expectOpen()
        reads++
        try {
          return await file.read(start, end, into)
        } finally {
          if (--reads === 0) whenIdle?.()
        }
      },
      readSync(start, end) {
        expectOpen()
        return file.readSync(start, end)
      },
      handOver: () => {
        if (this.#handedOver.size >= MAX_HANDED_OVER && !this.#handedOver.has(entry)) return false
        this.#handedOver.set(entry, performance.now() + HANDED_OVER_FOR)
        void close()
        return true
      },
    }
  }

  #release(entry: Entry): void | Promise<void> {
    if (--entry.users > 0) return
    const isHandedOver = this.#handedOver.has(entry)
    if (!isHandedOver && (entry.keepOpen === 0 || this.#shared.get(entry.key) !== entry)) {
      return this.#close(entry)
    }
    if (!isHandedOver) this.#idle.set(entry, performance.now() + entry.keepOpen)
    const [longestIdle] = this.#idle.keys()
    if (this.#idle.size > MAX_IDLE && longestIdle !== undefined) this.#closeQuietly(longestIdle)
    this.#sweepLater()
  }

  /** Leaves what was shared to those who read it: it is there no more, or another. */
  #forget(key: string): void {
    const entry = this.#shared.get(key)
    if (entry !== undefined && this.#idle.has(entry)) this.#closeQuietly(entry)
    this.#shared.delete(key)
  }

  #sweepLater(): void {
    if (this.#sweeper !== null) return
    if (this.#idle.size === 0 && this.#handedOver.size === 0) return
    this.#sweeper = setTimeout(() => {
      this.#sweeper = null
      this.sweep()
    }, SWEEP_EVERY).unref()
  }

  /** Closes a file that nobody reads. If that fails, there is nobody to tell. */
  #closeQuietly(entry: Entry): void {
    void this.#close(entry).catch(noop)
  }

  async #close(entry: Entry): Promise<void> {
    this.#idle.delete(entry)
    if (this.#shared.get(entry.key) === entry) this.#shared.delete(entry.key)
    await entry.file.close()
  }
}

function noop(): void {}
