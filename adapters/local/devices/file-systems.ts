import { readFile, statfs } from 'node:fs'
import { basename, dirname } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { inThreadPool } from '../calls.ts'
import { canAskDescriptors, canAskFileSystems } from '../permission.ts'

/**
 * The file systems of Linux whose calls wait for nothing but this machine's memory and disks, by
 * the names of its mount table, as statfs(2) numbers them.
 */
const LOCAL: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ext2: 0xef53,
    ext3: 0xef53,
    ext4: 0xef53,
    xfs: 0x58465342,
    btrfs: 0x9123683e,
    tmpfs: 0x01021994,
    devtmpfs: 0x01021994,
    ramfs: 0x858458f6,
    rootfs: 0x858458f6,
    overlay: 0x794c7630,
    f2fs: 0xf2f52010,
    squashfs: 0x73717368,
    erofs: 0xe0f5e1e2,
    iso9660: 0x9660,
    udf: 0x15013346,
    zfs: 0x2fc12fc1,
    bcachefs: 0xca451a4e,
    reiserfs: 0x52654973,
    jfs: 0x3153464a,
    msdos: 0x4d44,
    vfat: 0x4d44,
    exfat: 0x2011bab0,
    ntfs: 0x7366746e,
    ntfs3: 0x7366746e,
    hfsplus: 0x482b,
    ubifs: 0x24051905,
    nilfs2: 0x3434,
    proc: 0x9fa0,
  }),
)

const LOCAL_NUMBERS: ReadonlySet<number> = new Set(LOCAL.values())

const statfsOf = promisify(statfs)
const readFileOf = promisify(readFile)

/** The kernel's mount table, which waits for none of the mounts; null where it is not to be had. */
export async function readMountTable(): Promise<string | null> {
  if (!canAskDescriptors) return null
  return readFileOf('/proc/self/mountinfo', 'utf8')
}

/** Whether calls about a device wait for nothing but this machine; null if asking failed. */
export async function isLocalDevice(path: string, dev: number): Promise<boolean | null> {
  if (process.platform === 'win32') return !(await isOfShare(path))
  // Other systems do not tell: there a device is trusted until it was slow.
  if (process.platform !== 'linux') return true
  // Without a block device, only the type of the file system tells; Deno must be allowed to ask.
  if (!canAskFileSystems) return majorOf(dev) !== 0
  const found = await statfsOf(path).catch(() => null)
  return found && LOCAL_NUMBERS.has(found.type)
}

/** Whether a path leads to a share of another machine, as a drive of Windows may. */
async function isOfShare(path: string): Promise<boolean> {
  const real = await inThreadPool.realpath(path).catch(() => '')
  return /^\\\\(?:\?\\UNC\\|[^?.])/.test(real.toString())
}

/** What kind of device a number is of, as Linux packs it: 0 stands for none. */
function majorOf(dev: number): number {
  return Math.floor(dev / 256) % 4096
}

interface Mount {
  readonly id: string
  readonly parent: string
  /** The path of the directory, or file, that it is mounted on. */
  readonly point: string
  readonly type: string
}

/** The mounts of this machine, and what each is mounted on. */
export class MountTable {
  /** Mounts by the id of their parent; by '' those whose parent is not listed. */
  readonly #mounts = new Map<string, Mount[]>()

  /** @param text as `/proc/self/mountinfo` has it, proc(5) */
  constructor(text: string) {
    const mounts = text.split('\n').flatMap(parseMount)
    const ids = new Set(mounts.map(({ id }) => id))
    for (const mount of mounts) {
      const parent = ids.has(mount.parent) ? mount.parent : ''
      const others = this.#mounts.get(parent)
      if (others) others.push(mount)
      else this.#mounts.set(parent, [mount])
    }
  }

  /** Whether it says what the root is on. */
  get knowsRoot(): boolean {
    return this.#typeAt('/') !== undefined
  }

  /**
   * Whether a look at a path waits for more than this machine.
   *
   * @param path absolute, without links: they may lead onto another mount
   */
  mayStall(path: string): boolean {
    const type = this.#typeAt(path)
    // A link of proc does not lead to what its text names.
    return type === undefined || type === 'proc' || !LOCAL.has(type)
  }

  /** The names in a directory that something is mounted on. */
  namesIn(directory: string): ReadonlySet<string> {
    const points = [...this.#mounts.values()].flat().map(({ point }) => point)
    const below = points.filter((point) => point !== '/' && dirname(point) === directory)
    return new Set(below.map((point) => basename(point)))
  }

  /** The type of the file system at a path: from mount to mount, as the kernel goes. */
  #typeAt(path: string): string | undefined {
    let type: string | undefined
    let next = firstTowards(path, this.#mounts.get(''))
    while (next !== undefined) {
      type = next.type
      next = firstTowards(path, this.#mounts.get(next.id))
    }
    return type
  }
}

/**
 * Of the mounts on one parent, the one that a path enters: that with the shortest mount point hides
 * those that are below.
 */
function firstTowards(path: string, mounts: readonly Mount[] = []): Mount | undefined {
  let first: Mount | undefined
  for (const mount of mounts) {
    const isBefore = first === undefined || mount.point.length < first.point.length
    if (isBefore && isAtOrBelow(path, mount.point)) first = mount
  }
  return first
}

function isAtOrBelow(path: string, point: string): boolean {
  return path === point || path.startsWith(point === '/' ? point : `${point}/`)
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`, without the fields in between. */
const LINE = /^(\d+) (\d+) \S+ \S+ (\S+) .*? - (\S+) /

function parseMount(line: string): Mount[] {
  const [, id = '', parent = '', point = '', type = ''] = LINE.exec(line) ?? []
  return id === parent ? [] : [{ id, parent, point: unescaped(point), type }]
}

/** White space and backslashes are written as `\040`. */
function unescaped(point: string): string {
  return point.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
}
