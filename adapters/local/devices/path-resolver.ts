import { Buffer } from 'node:buffer'
import { dirname, isAbsolute, join } from 'node:path'
import { TtlMap } from '../../store/ttl-map.ts'
import { inThreadPool } from '../calls.ts'
import { type FileStat, isDirectory, isLink } from '../version.ts'
import { MountTable } from './file-systems.ts'

/** How long a path is taken to be a directory's, without links, in ms. */
const KNOWN_FOR = 60_000

/** How many links are followed, as Linux does it, before a path is taken to lead in circles. */
export const MOST_LINKS = 40

/** How often a link may change while it is followed, before that is left to the system. */
const MOST_TURNS = 4

/** How long the mount table is taken to be as it was read, in ms. */
const READ_FOR = 1000

/** Where a path leads. */
export interface Resolved {
  /** Without links. */
  readonly path: string
  /** Null if there is nothing. */
  readonly stat: FileStat | null
  /** The device that it is on, or would be. */
  readonly dev: number
  /** The texts of the links that its last name led to, one after the other. */
  readonly links: readonly string[]
}

/** The path that a link leads to: as a path of its own, the system takes both alike. */
export function targetOf(link: string, text: string): string {
  // Not by `join`, which drops `a/..` even if `a` is a link.
  return isAbsolute(text) ? text : `${dirname(link)}/${text}`
}

/** Asks about a path on a device, if that is known, without taking too many threads. */
type Run = <T>(path: string, dev: number | undefined, call: () => Promise<T>) => Promise<T>

/**
 * Follows paths name by name and link by link, as path_resolution(7) does, for as long as they stay
 * on this machine: the next name may lead onto a mount that stalls, and the mount table says so
 * before it is looked at.
 */
export class PathResolver {
  readonly #read: () => Promise<string | null>
  readonly #run: Run
  readonly #changed: () => void
  #text: string | null = null
  #table: MountTable | null = null
  #reading: Promise<void> | null = null
  #readAgainAt = 0
  #directories = new TtlMap<Resolved>(KNOWN_FOR)

  /**
   * @param read the mount table; null where there is none to be had
   * @param changed is called when something is mounted otherwise than before
   */
  constructor(read: () => Promise<string | null>, run: Run, changed: () => void = () => {}) {
    this.#read = read
    this.#run = run
    this.#changed = changed
  }

  /** Whether it is known what is mounted where. */
  get knowsMounts(): boolean {
    return this.#table !== null
  }

  /** Reads the mount table anew if it is time to: for those who resolve nothing. */
  refresh(): void {
    void this.#readLately()?.catch(() => {})
  }

  /** What a path leads to; null if only the system can say, which may stall. */
  async resolve(path: string): Promise<Resolved | null> {
    try {
      await this.#readLately()
      if (this.#table === null) return null
      // Not by `join`, which drops `a/..` even if `a` is a link.
      const whole = isAbsolute(path) ? path : `${process.cwd()}/${path}`
      return await this.#resolveUnturned(whole)
    } catch {
      // The system will say why.
      return null
    }
  }

  /** The names in a directory that something is mounted on; null if that is not known. */
  async mountedIn(path: string): Promise<ReadonlySet<string> | null> {
    const resolved = await this.resolve(path)
    return (resolved && this.#table?.namesIn(resolved.path)) ?? null
  }

  #readLately(): Promise<void> | null {
    if (performance.now() >= this.#readAgainAt) {
      this.#readAgainAt = performance.now() + READ_FOR
      this.#reading = this.#readTable()
    }
    return this.#reading
  }

  async #readTable(): Promise<void> {
    // Too many files may be open: what is mounted where is then what it was.
    const text = await this.#read().catch(() => this.#text)
    if (text === this.#text) return
    const isFirst = this.#text === null
    this.#text = text
    const table = text === null ? null : new MountTable(text)
    // In a chroot, it names only what is mounted below.
    this.#table = table?.knowsRoot ? table : null
    this.#directories = new TtlMap(KNOWN_FOR)
    if (!isFirst) this.#changed()
  }

  /**
   * As `#resolve`. A link may be turned while it is followed, and what it led to removed: so nothing
   * behind one counts as nothing only where it leads there once more.
   */
  async #resolveUnturned(path: string): Promise<Resolved | null> {
    let before: string | null = null
    for (let turns = 0; turns <= MOST_TURNS; turns++) {
      const left = { links: MOST_LINKS }
      const resolved = await this.#resolve(path, left)
      const isSure = resolved === null || resolved.stat !== null || left.links === MOST_LINKS
      if (isSure || resolved.path === before) return resolved
      before = resolved.path
    }
    return null
  }

  async #resolve(path: string, left: { links: number }): Promise<Resolved | null> {
    // A slash at the end asks for a directory.
    const names = path
      .replace(/\/$/, '/.')
      .split('/')
      .filter((name) => name !== '')
    const last = names.pop()
    let resolved = this.#directories.get('/') ?? this.#remember('/', await this.#look('/'))
    let prefix = ''
    for (const name of names) {
      if (!resolved?.stat) break
      const from: Resolved = resolved
      prefix += `/${name}`
      resolved =
        this.#directories.get(prefix) ?? this.#remember(prefix, await this.#step(from, name, left))
    }
    return resolved && last !== undefined ? this.#step(resolved, last, left) : resolved
  }

  /** Remembers where a path leads that is a directory's, and no link's. */
  #remember(path: string, resolved: Resolved | null): Resolved | null {
    const isPlain = resolved?.path === path && resolved.stat && isDirectory(resolved.stat)
    if (isPlain) this.#directories.set(path, resolved)
    return resolved
  }

  async #step(from: Resolved, name: string, left: { links: number }): Promise<Resolved | null> {
    if (!(from.stat && isDirectory(from.stat))) return { ...from, stat: null, links: [] }
    const path = join(from.path, name)
    const resolved = await this.#look(path, from.dev)
    if (!(resolved?.stat && isLink(resolved.stat))) return resolved
    if (left.links-- === 0) return { ...resolved, stat: null }
    const text = await this.#run(path, from.dev, () => inThreadPool.readlink(path))
    const target = text.toString()
    // No path of JavaScript's names what is not UTF-8.
    if (!Buffer.from(target).equals(text)) return null
    const led = await this.#resolve(targetOf(path, target), left)
    return led && { ...led, links: [target, ...led.links] }
  }

  async #look(path: string, dev?: number): Promise<Resolved | null> {
    if (this.#table?.mayStall(path) !== false) return null
    const stat = await this.#run(path, dev, () => inThreadPool.lstat(path))
    const device = stat?.dev ?? dev
    return device === undefined ? null : { path, stat, dev: device, links: [] }
  }
}
