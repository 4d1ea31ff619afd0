import { dirname } from 'node:path'
import { type Calls, inPool, onThisThread } from '../calls.ts'
import { TtlMap } from '../ttl-map.ts'
import type { Version } from '../version.ts'
import { isLocalDevice, readMountTable } from './file-systems.ts'
import { Limiter } from './limiter.ts'
import { PathResolver } from './path-resolver.ts'

/** How long a path that was looked at is assumed to stay in the kernel's memory, in ms. */
const WARM_FOR = 10_000

/** How long a directory's device is remembered, in ms. */
const KNOWN_FOR = 60_000

/** A call on this thread that took longer than this, in ms, had to wait for a disk or a server. */
const SLOW = 50

/**
 * For how long a device that was slow is not waited for on this thread, in ms: at first, and at
 * most, when it is so again and again. On a busy machine a call may only have taken long because
 * this process did not run, and all that is read in other threads meanwhile costs twice as much.
 */
const SUSPECT_FOR = 1000
const SUSPECT_FOR_AT_MOST = 60_000

/** How many directories above a path are tried, at most, to learn what device it is on. */
const MOST_LOOKS = 16

/**
 * What is known of the devices that files are on. It decides which calls are made on this thread,
 * and limits those that may stall in others: a mount of NFS, SMB or FUSE takes seconds to answer
 * when its server does.
 */
export class Devices {
  /** Whether a device is one of this machine, by its number. */
  readonly #local = new Map<number, boolean>()
  /** Until when a device is not to be trusted, on the clock of `performance`, and for how long. */
  readonly #suspects = new Map<number, { readonly until: number; readonly duration: number }>()
  /** The devices of paths that were looked at lately, or where nothing was found. */
  readonly #warm = new TtlMap<number>(WARM_FOR)
  /** The devices of directories that were looked into lately, for want of a mount table. */
  readonly #directories = new TtlMap<number>(KNOWN_FOR)
  readonly #limiter = new Limiter()
  readonly #resolver: PathResolver

  /** @param mountTable reads it; null where there is none to be had */
  constructor(mountTable: () => Promise<string | null> = readMountTable) {
    this.#resolver = new PathResolver(mountTable, (path, dev, call) => {
      return dev !== undefined && this.#isSuspect(dev) ? this.#limiter.run(path, call) : call()
    })
  }

  /** Whether a path was looked at lately, and looking again waits for nothing. */
  isWarm(path: string): boolean {
    const dev = this.#warm.get(path)
    return dev !== undefined && this.isResponsive(dev)
  }

  /** Whether a device is of this machine, and has its clock, however slow it is just now. */
  isLocal(dev: number): boolean {
    return this.#local.get(dev) === true
  }

  /** Whether calls about the files of a device wait for nothing but this machine. */
  isResponsive(dev: number): boolean {
    return this.#local.get(dev) === true && !this.#isSuspect(dev)
  }

  /**
   * Takes note of how long a call on this thread took.
   *
   * @param dev where something was found; by default, the device is what it was
   */
  note(path: string, dev: number | undefined, took: number): void {
    const device = dev ?? this.#warm.get(path)
    if (device === undefined) return
    this.noteDuration(device, took)
    this.#warm.set(path, device)
  }

  /** Takes note of how long a call on this thread took that asked about a file of a device. */
  noteDuration(dev: number, took: number): void {
    if (took > SLOW) this.#suspect(dev)
  }

  /** Looks at a path in another thread; null if there is nothing. */
  async look(path: string): Promise<Version | null> {
    const resolved = await this.#resolver.resolve(path)
    if (resolved === null) return this.#lookElsewhere(path)
    const { version, dev } = resolved
    const there = version === null ? dirname(resolved.path) : resolved.path
    await this.#learn(dev, there, (_, ask) => ask())
    this.#warm.set(path, dev)
    return version
  }

  /** Asks in another thread, and in not too many at once if the device may stall. */
  run<T>(path: string, dev: number, call: () => Promise<T>): Promise<T> {
    return this.isResponsive(dev) ? call() : this.#limiter.run(path, call)
  }

  /** Asks about a file: on this thread, if that waits for nothing. */
  callsFor(path: string, dev: number): Calls {
    return this.isResponsive(dev) ? onThisThread : this.#limiter.callsFor(path)
  }

  /** Asks about a file in other threads, if only so as not to take much time of this one. */
  callsInPool(path: string, dev: number): Calls {
    return this.isResponsive(dev) ? inPool : this.#limiter.callsFor(path)
  }

  /** The names in a directory that something is mounted on; null if that is not known. */
  mountedIn(path: string): Promise<ReadonlySet<string> | null> {
    return this.#resolver.mountedIn(path)
  }

  /**
   * Asks in other threads about what a name in a directory leads to: another mount may be there.
   * Null if there is nothing, or it can't be looked at.
   */
  async callsBehind(path: string): Promise<Calls | null> {
    const found = await this.look(path).catch(() => null)
    return found && this.callsInPool(path, found.dev)
  }

  /** As `look`, of a path that may lead to a mount that stalls. */
  async #lookElsewhere(path: string): Promise<Version | null> {
    const directory = dirname(path)
    const known = this.#resolver.knowsMounts ? undefined : this.#directories.get(directory)
    const run: Run =
      known === undefined
        ? (at, call) => this.#limiter.run(at, call)
        : (at, call) => this.run(at, known, call)
    const look = (at: string) => run(at, () => inPool.stat(at))
    const found = await look(path)
    const there = found === null ? await nearestThere(directory, look) : { path, dev: found.dev }
    if (there === null) return null
    await this.#learn(there.dev, there.path, run)
    this.#directories.set(directory, there.dev)
    this.#warm.set(path, there.dev)
    return found
  }

  /** Asks whether a device is local, unless that is known. */
  async #learn(dev: number, path: string, run: Run): Promise<void> {
    if (this.#local.has(dev)) return
    const answer = await run(path, () => isLocalDevice(path, dev))
    if (answer !== null) this.#local.set(dev, answer)
  }

  /** For twice as long as the last time, unless that ended longer ago than it lasted. */
  #suspect(device: number): void {
    const now = performance.now()
    const last = this.#suspects.get(device)
    const isAgain = last !== undefined && now < last.until + last.duration
    const duration = isAgain ? Math.min(2 * last.duration, SUSPECT_FOR_AT_MOST) : SUSPECT_FOR
    this.#suspects.set(device, { until: now + duration, duration })
  }

  #isSuspect(dev: number): boolean {
    if (this.#suspects.size === 0) return false
    const suspicion = this.#suspects.get(dev)
    return suspicion !== undefined && performance.now() <= suspicion.until
  }
}

type Run = <T>(path: string, call: () => Promise<T>) => Promise<T>

/** Where something was found, and on which device. */
interface There {
  readonly path: string
  readonly dev: number
}

/** A directory, or the nearest above it that exists; null if that is far above. */
async function nearestThere(
  directory: string,
  look: (path: string) => Promise<Version | null>,
): Promise<There | null> {
  let path = directory
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const found = await look(path)
    if (found !== null || path === dirname(path)) return found && { path, dev: found.dev }
    path = dirname(path)
  }
  return null
}
