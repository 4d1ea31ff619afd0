import { dirname } from 'node:path'
import { TtlMap } from '../../store/ttl-map.ts'
import { type Calls, inThreadPool, onThisThread } from '../calls.ts'
import { type FileStat, isLink } from '../version.ts'
import { isLocalDevice, readMountTable } from './file-systems.ts'
import { type HangUp, Limiter, mounts } from './limiter.ts'
import { MOST_LINKS, PathResolver, targetOf } from './path-resolver.ts'
import { SlowDevices } from './slow-devices.ts'

/** How long a path that was looked at is assumed to stay in the kernel's memory, in ms. */
const WARM_FOR = 10_000

/** How long a directory's device is remembered, in ms. */
const KNOWN_FOR = 60_000

/** How many directories above a path are tried, at most, to learn what device it is on. */
const MOST_LOOKS = 16

/** What a look at a path found. */
export interface Located {
  readonly stat: FileStat
  /** Whether the whole path is known to be on this machine. */
  readonly isNear: boolean
}

/**
 * What is known of the devices that files are on. It decides which calls are made on this thread,
 * and limits those that may stall in others: a mount of NFS, SMB or FUSE takes seconds to answer
 * when its server does.
 */
export class Devices {
  /** What is known of devices, by their numbers. */
  readonly #kinds = new Map<number, Kind>()
  readonly #slow = new SlowDevices()
  /** The devices of paths that were looked at lately, or where nothing was found. */
  #warm = new TtlMap<number>(WARM_FOR)
  /** The devices of directories that were looked into lately, where there is no mount table. */
  readonly #directories = new TtlMap<number>(KNOWN_FOR)
  readonly #limiter: Limiter
  readonly #resolver: PathResolver

  /**
   * @param mountTable reads it; null where there is none to be had
   * @param limiter of the calls that may stall
   */
  constructor(
    mountTable: () => Promise<string | null> = readMountTable,
    limiter: Limiter = new Limiter(),
  ) {
    this.#limiter = limiter
    const run = <T>(path: string, dev: number | undefined, call: () => Promise<T>) => {
      return dev !== undefined && this.#slow.has(dev) ? this.#limiter.run(path, call) : call()
    }
    this.#resolver = new PathResolver(mountTable, run, () => this.#forget())
  }

  /** Whether a path was looked at lately, and looking again waits for nothing. */
  isWarm(path: string): boolean {
    this.#resolver.refresh()
    const dev = this.#warm.get(path)
    return dev !== undefined && this.isResponsive(dev)
  }

  /** Whether a device is of this machine, and has its clock, however slow it is just now. */
  isLocal(dev: number): boolean {
    return this.#kinds.get(dev)?.isLocal === true
  }

  /** Whether calls about the files of a device wait for nothing but this machine. */
  isResponsive(dev: number): boolean {
    return this.isLocal(dev) && !this.#slow.has(dev)
  }

  /** Takes note of how long a call on this thread took that asked about a file of a device. */
  noteDuration(dev: number, took: number): void {
    this.#slow.note(dev, took)
  }

  /**
   * Looks at a path on this thread, if it was looked at lately. A link at its end may have been put
   * there just now, and lead onto a mount that stalls: it is followed only to where somebody looked
   * lately, too.
   *
   * @returns null if there is nothing; `'unknown'` if that is to be asked in another thread
   */
  statSync(path: string, links: number = MOST_LINKS): FileStat | null | 'unknown' {
    this.#resolver.refresh()
    const dev = this.#warm.get(path)
    if (dev === undefined) return 'unknown'
    const found = this.statSyncOn(path, dev, links)
    if (found !== 'unknown') this.#warm.set(path, found?.dev ?? dev)
    return found
  }

  /** As `statSync`, where something was found on a device a second ago at most. */
  statSyncOn(path: string, dev: number, links: number = MOST_LINKS): FileStat | null | 'unknown' {
    if (!this.isResponsive(dev)) return 'unknown'
    const began = performance.now()
    const found = onThisThread.lstat(path)
    this.noteDuration(found?.dev ?? dev, performance.now() - began)
    if (found === null || !isLink(found)) return found
    const target = links > 0 ? this.#targetOf(path) : null
    if (target === null) return 'unknown'
    const behind = this.statSync(target, links - 1)
    // Where nothing is behind it, the link may have been turned, and what it led to removed.
    return behind ?? (this.#targetOf(path) === target ? null : 'unknown')
  }

  /** Looks at a path in another thread; null if there is nothing. */
  async stat(path: string): Promise<FileStat | null> {
    return (await this.locate(path))?.stat ?? null
  }

  /** As `stat`, and says how the path may be asked then. */
  async locate(path: string, hangUp?: HangUp): Promise<Located | null> {
    const resolved = await this.#resolver.resolve(path)
    if (resolved === null) {
      const stat = await this.#statElsewhere(path, hangUp)
      return stat && { stat, isNear: !this.#resolver.knowsMounts }
    }
    const { stat, dev, links } = resolved
    const there = stat === null ? dirname(resolved.path) : resolved.path
    await this.#learn(dev, there, (_, ask) => ask())
    this.#warm.set(path, dev)
    let at = path
    for (const link of links) {
      at = targetOf(at, link)
      this.#warm.set(at, dev)
    }
    return stat && { stat, isNear: true }
  }

  /** Asks in another thread, and in not too many at once if the device may stall. */
  run<T>(path: string, dev: number, call: () => Promise<T>): Promise<T> {
    return this.isResponsive(dev) ? call() : this.#limiter.run(path, call)
  }

  /** Asks about a path where something was found: on this thread, if that waits for nothing. */
  callsAt(path: string, found: Located): Calls {
    return this.isResponsiveAt(found) ? onThisThread : this.#limiter.callsFor(path)
  }

  /**
   * As `callsAt`, but always in other threads: for many calls, which would take this one's time.
   */
  threadPoolCallsAt(path: string, found: Located): Calls {
    return this.isResponsiveAt(found) ? inThreadPool : this.#limiter.callsFor(path)
  }

  /** Asks about a file that is open, whatever leads to it. */
  callsOn(path: string, dev: number): Calls {
    return this.isResponsive(dev) ? onThisThread : this.#limiter.callsFor(path)
  }

  /** Whether calls about a path where something was found wait for nothing but this machine. */
  isResponsiveAt({ stat, isNear }: Located): boolean {
    return isNear && this.isResponsive(stat.dev)
  }

  /** The names in a directory that something is mounted on; null if that is not known. */
  mountedIn(path: string): Promise<ReadonlySet<string> | null> {
    return this.#resolver.mountedIn(path)
  }

  /**
   * Asks in other threads about what a name in a directory leads to: another mount may be there.
   * Null if there is nothing.
   */
  async callsBehind(path: string): Promise<Calls | null> {
    const found = await this.locate(path)
    return found && this.threadPoolCallsAt(path, found)
  }

  /** As `stat`, of a path that may lead to a mount that stalls. */
  async #statElsewhere(path: string, hangUp?: HangUp): Promise<FileStat | null> {
    const directory = dirname(path)
    const known = this.#resolver.knowsMounts ? undefined : this.#directories.get(directory)
    const isAtHand = () => known !== undefined && this.isResponsive(known)
    const run: Run = (at, call) => (isAtHand() ? call() : this.#limiter.run(at, call, hangUp))
    const look = (at: string) => run(at, () => inThreadPool.stat(at))
    const found = await look(path)
    const there = found === null ? await nearestThere(directory, look) : { path, dev: found.dev }
    // What is on this machine behind a mount of another is reached through that.
    if (this.#resolver.knowsMounts) this.#warm.delete(path)
    if (there === null) return null
    await this.#learn(there.dev, there.path, run)
    this.#directories.set(directory, there.dev)
    if (!this.#resolver.knowsMounts) this.#warm.set(path, there.dev)
    return found
  }

  /** What a link leads to; null if that can't be said, as when it was removed just now. */
  #targetOf(link: string): string | null {
    try {
      return targetOf(link, onThisThread.readlink(link).toString())
    } catch {
      return null
    }
  }

  /** Asks of what kind a device is, unless that is known. */
  async #learn(dev: number, path: string, run: Run): Promise<void> {
    const known = this.#kinds.get(dev)
    if (known !== undefined && performance.now() < known.until) return
    const isLocal = await run(path, () => isLocalDevice(path, dev))
    const until = this.#resolver.knowsMounts ? Infinity : performance.now() + KNOWN_FOR
    if (isLocal !== null) this.#kinds.set(dev, { isLocal, path, until })
  }

  /**
   * The mounts have changed, and a new device may have the number of one that is gone. Local ones
   * are asked about again at once, for the bodies under way.
   */
  #forget(): void {
    const known = [...this.#kinds.values()]
    this.#kinds.clear()
    this.#warm = new TtlMap(WARM_FOR)
    for (const { isLocal, path } of known) {
      if (isLocal) void this.stat(path).catch(() => {})
    }
  }
}

/** What is known of this machine's file systems. */
export const devices: Devices = new Devices(readMountTable, mounts)

/** What is known of a device. */
interface Kind {
  readonly isLocal: boolean
  /** Something on it. */
  readonly path: string
  /** Until when that is believed, on the clock of `performance`. */
  readonly until: number
}

type Run = <T>(path: string, call: () => Promise<T>) => Promise<T>

/** A directory, or the nearest above it that exists; null if that is far above. */
async function nearestThere(
  directory: string,
  look: (path: string) => Promise<FileStat | null>,
): Promise<{ readonly path: string; readonly dev: number } | null> {
  let path = directory
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const found = await look(path)
    if (found !== null || path === dirname(path)) return found && { path, dev: found.dev }
    path = dirname(path)
  }
  return null
}
