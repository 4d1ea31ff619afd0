import { statfs } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { type Calls, canAskFileSystems, elsewhere, here } from './calls.ts'
import { Recent } from './recent.ts'
import type { Version } from './version.ts'

/** How long a path that was looked at is assumed to stay in the kernel's memory, in ms. */
const AT_HAND_FOR = 10_000

/** How long a directory's device is remembered, in ms. */
const KNOWN_FOR = 60_000

/** A call on this thread that takes longer than so many ms was no call to memory. */
const SLOW = 50

/**
 * For how long a device that was slow is not waited for on this thread, in ms: at first, and at
 * most, when it is so again and again. On a busy machine a call may only have taken long because
 * this process did not run, and all that is read in other threads meanwhile costs twice as much.
 */
const SUSPECT_FOR = 1000
const SUSPECT_FOR_AT_MOST = 60_000

/**
 * The file systems of Linux whose calls wait for nothing but this machine's memory and disks, as
 * statfs(2) numbers them.
 */
const LOCAL_TYPES: readonly number[] = Object.values({
  ext4: 0xef53,
  xfs: 0x58465342,
  btrfs: 0x9123683e,
  tmpfs: 0x01021994,
  ramfs: 0x858458f6,
  overlay: 0x794c7630,
  f2fs: 0xf2f52010,
  squashfs: 0x73717368,
  erofs: 0xe0f5e1e2,
  isofs: 0x9660,
  udf: 0x15013346,
  zfs: 0x2fc12fc1,
  bcachefs: 0xca451a4e,
  reiserfs: 0x52654973,
  jfs: 0x3153464a,
  fat: 0x4d44,
  exfat: 0x2011bab0,
  ntfs: 0x7366746e,
  'hfs+': 0x482b,
  ubifs: 0x24051905,
  nilfs: 0x3434,
  proc: 0x9fa0,
})

/** How many directories above a path are tried, at most, to learn what device it is on. */
const MOST_LOOKS = 16

const statfsOf = promisify(statfs)

/**
 * Which paths may be looked at on this thread, and in how many others those that may stall are
 * waited for: a mount of NFS, SMB or FUSE takes seconds to answer when its server does.
 */
export class Mounts {
  /** Whether a device is one of this machine, by its number. */
  readonly #isLocal = new Map<number, boolean>()
  /** Until when a device is not to be trusted, on the clock of `performance`, and for how long. */
  readonly #suspects = new Map<number, { readonly until: number; readonly duration: number }>()
  /** The devices of paths that were looked at lately, or where nothing was found. */
  readonly #atHand = new Recent<number>(AT_HAND_FOR)
  readonly #directories = new Recent<number>(KNOWN_FOR)
  /** Directories of unknown devices that somebody looks into for the first time. */
  readonly #looking = new Set<string>()
  readonly #lane = new Lane()

  /** Whether a path was looked at lately, and looking again waits for nothing. */
  isAtHand(path: string): boolean {
    const dev = this.#atHand.get(path)
    return dev !== undefined && this.isLocal(dev)
  }

  /** Whether a device is one of this machine, and keeps its time: however slow it is just now. */
  isHere(dev: number): boolean {
    return this.#isLocal.get(dev) === true
  }

  /** Whether calls about the files of a device wait for nothing but this machine. */
  isLocal(dev: number): boolean {
    if (this.#isLocal.get(dev) !== true) return false
    if (this.#suspects.size === 0) return true
    const suspicion = this.#suspects.get(dev)
    return suspicion === undefined || suspicion.until < performance.now()
  }

  /**
   * Takes note of how long a call on this thread took.
   *
   * @param dev where something was found; by default, the device is what it was
   */
  note(path: string, dev: number | undefined, took: number): void {
    const device = dev ?? this.#atHand.get(path)
    if (device === undefined) return
    this.noteDuration(device, took)
    this.#atHand.set(path, device)
  }

  /** Takes note of how long a call on this thread took that asked about a file of a device. */
  noteDuration(dev: number, took: number): void {
    if (took > SLOW) this.#suspect(dev)
  }

  /** Looks at a path in another thread; null if there is nothing. */
  async look(path: string): Promise<Version | null> {
    const directory = dirname(path)
    const device = this.#deviceOf(directory)
    const isLocal = device !== null && this.isLocal(device)
    // The first look into a directory must not wait for calls about files elsewhere.
    const isFirst = device === null && !this.#looking.has(directory)
    const look = (at: string) =>
      isLocal ? elsewhere.stat(at) : this.#lane.run(at, () => elsewhere.stat(at), isFirst)
    this.#looking.add(directory)
    try {
      const found = await look(path)
      const there = found === null ? await nearestThere(directory, look) : { path, dev: found.dev }
      if (there === null) return null
      const { dev } = there
      if (!this.#isLocal.has(dev)) {
        const answer = await this.#lane.run(there.path, () => isLocalDevice(there), isFirst)
        if (answer !== null) this.#isLocal.set(dev, answer)
      }
      this.#directories.set(directory, dev)
      this.#atHand.set(path, dev)
      return found
    } finally {
      this.#looking.delete(directory)
    }
  }

  /** Asks in another thread, and in not too many at once if the device may stall. */
  run<T>(path: string, dev: number, call: () => Promise<T>): Promise<T> {
    return this.isLocal(dev) ? call() : this.#lane.run(path, call)
  }

  /** Asks about a file: on this thread, if that waits for nothing. */
  callsFor(path: string, dev: number): Calls {
    return this.isLocal(dev) ? here : this.#inLane(path)
  }

  /** Asks about a file in other threads, if only so as not to take much time of this one. */
  callsElsewhere(path: string, dev: number): Calls {
    return this.isLocal(dev) ? elsewhere : this.#inLane(path)
  }

  #inLane(path: string): Calls {
    const inLane =
      <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
      (...args: Args) =>
        this.#lane.run(path, () => call(...args))
    return {
      open: inLane(elsewhere.open),
      close: inLane(elsewhere.close),
      stat: inLane(elsewhere.stat),
      lstat: inLane(elsewhere.lstat),
      fstat: inLane(elsewhere.fstat),
      readlink: inLane(elsewhere.readlink),
      realpath: inLane(elsewhere.realpath),
    }
  }

  /** Twice as long as the last time, unless that is twice as long ago. */
  #suspect(device: number): void {
    const now = performance.now()
    const last = this.#suspects.get(device)
    const isAgain = last !== undefined && now < last.until + last.duration
    const duration = isAgain ? Math.min(2 * last.duration, SUSPECT_FOR_AT_MOST) : SUSPECT_FOR
    this.#suspects.set(device, { until: now + duration, duration })
  }

  /** The device of a directory, as far as it is known. */
  #deviceOf(directory: string): number | null {
    let at = directory
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const device = this.#directories.get(at)
      // Below a directory of this machine anything may be mounted, below others the same is likely.
      if (device !== undefined) return at === directory || !this.isLocal(device) ? device : null
      at = dirname(at)
    }
    return null
  }
}

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

/** Null if that can't be said now. */
async function isLocalDevice({ path, dev }: There): Promise<boolean | null> {
  // Other systems do not tell: there a device is trusted until it was slow.
  if (process.platform !== 'linux') return true
  // Without a block device, only the type of the file system tells; Deno must be allowed to ask.
  if (!canAskFileSystems) return majorOf(dev) !== 0
  const found = await statfsOf(path).catch(() => null)
  return found && LOCAL_TYPES.includes(found.type)
}

/** What kind of device a number is of, as Linux packs it: 0 stands for none. */
function majorOf(dev: number): number {
  return Math.floor(dev / 256) % 4096
}

/** How many threads a runtime has for calls that wait, beside its own: 4 on Node by default. */
function poolSize(): number {
  if (process.versions.bun) return Math.max(2, availableParallelism())
  if (process.versions.deno) return 32
  return Number(process.env.UV_THREADPOOL_SIZE) || 4
}

/**
 * Limits the calls to devices that may stall: they get all threads but one, and each file gets one
 * thread, so that a stalled file leaves the others theirs.
 */
class Lane {
  readonly #most = Math.max(1, poolSize() - 1)
  readonly #running = new Set<string>()
  #waiting: { readonly path: string; readonly begin: () => void }[] = []

  /** @param mayPass does not wait for calls about other files */
  async run<T>(path: string, call: () => Promise<T>, mayPass = false): Promise<T> {
    const isFull = mayPass ? this.#running.has(path) : this.#isFull(path)
    if (isFull) await new Promise<void>((begin) => this.#waiting.push({ path, begin }))
    else this.#running.add(path)
    try {
      return await call()
    } finally {
      this.#running.delete(path)
      this.#beginNext()
    }
  }

  #isFull(path: string): boolean {
    return this.#running.size >= this.#most || this.#running.has(path)
  }

  #beginNext(): void {
    const at = this.#waiting.findIndex(({ path }) => !this.#isFull(path))
    const next = this.#waiting[at]
    if (next === undefined) return
    this.#waiting.splice(at, 1)
    this.#running.add(next.path)
    next.begin()
  }
}
