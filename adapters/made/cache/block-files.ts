import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../local/calls.ts'
import { makeDirectory } from './make-directory.ts'
import { Turns } from './turns.ts'

/** How old a file that was left half written must be to be removed, in ms. */
const ABANDONED = 3_600_000

/** The file of a block. */
const BLOCK = /^[0-9a-f]{64}$/
/** The file of a block while it is being written. */
const PARTIAL = /^[0-9a-f]{64}\.[0-9a-f-]{36}$/

/** A file that is there. */
interface Found {
  readonly name: string
  readonly size: number
}

/** The files of blocks, in a directory that may stall. Their names have 64 hexadecimal digits. */
export class BlockFiles {
  readonly #directory: string
  readonly #turns: Turns

  constructor(directory: string) {
    this.#directory = directory
    this.#turns = new Turns(directory)
  }

  /**
   * Null if there is none.
   *
   * @throws as a rejection, the signal's reason if that is aborted before it is read
   */
  async read(name: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const path = this.#pathTo(name)
    try {
      const read = await this.#turns.run(path, () => readFile(path), signal)
      const { buffer, byteOffset, length } = read
      return new Uint8Array(buffer, byteOffset, length)
    } catch (error) {
      if (isAbsence(error)) return null
      throw error
    }
  }

  /** Writes a block, unless it is there and can't be replaced just now. */
  write(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    const path = this.#pathTo(name)
    return this.#turns.run(path, () => writeWhole(path, parts))
  }

  remove(name: string): Promise<void> {
    const path = this.#pathTo(name)
    return this.#turns.run(path, () => rm(path, { force: true }))
  }

  /**
   * What is there from earlier, or from another process, first what was written longest ago. Makes
   * the directory if need be, and removes what was left half written long ago. What is half written
   * otherwise is among them: it may have been left by a process that ended just now.
   */
  async find(): Promise<Found[]> {
    const here = this.#directory
    await this.#turns.run(here, () => makeDirectory(here))
    const found: (Found & { readonly written: number })[] = []
    for (const name of await this.#turns.run(here, () => readdir(here))) {
      if (!BLOCK.test(name) && !PARTIAL.test(name)) continue
      const path = this.#pathTo(name)
      // Another process may have removed it.
      const stats = await this.#turns.run(path, () => stat(path)).catch(() => null)
      if (stats === null) continue
      const { size, mtimeMs: written } = stats
      const isAbandoned = PARTIAL.test(name) && Date.now() - written > ABANDONED
      if (isAbandoned) await this.remove(name)
      else found.push({ name, size, written })
    }
    return found.sort((a, b) => a.written - b.written)
  }

  #pathTo(name: string): string {
    return join(this.#directory, name)
  }
}

/** Writes a file under another name first: none is ever seen in part. */
async function writeWhole(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const partial = `${path}.${crypto.randomUUID()}`
  try {
    await writeFile(partial, parts, { flag: 'wx', mode: 0o600 })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    if (!(isRefusal(error) && (await isThere(path)))) throw error
  }
}

/** Windows refuses to replace a file that is being read, which is no less whole than this one. */
function isRefusal(error: unknown): boolean {
  return /^(?:EPERM|EACCES|EBUSY)$/.test(codeOf(error))
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Whether a file, or its directory, is not there. */
export function isAbsence(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}
