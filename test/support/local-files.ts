import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { FileLookup } from '../../src/lookup.ts'
import type { FileSource } from '../../src/source.ts'
import type { Change, Outcome, Platform, Stored } from '../contract.ts'
import { someBytes } from './counting-source.ts'
import { sourceOf } from './found.ts'
import { canCountHandles, openHandles } from './handles.ts'

export interface LocalFile extends Stored {
  readonly path: string
  readonly size: number
}

/**
 * Files of the local file system, for any adapter that opens one by its path: with all that may
 * happen to one, and its handles counted where the system shows them.
 *
 * @param open is to keep none open for the next request
 */
export function localFiles(
  directory: string,
  open: (path: string) => ReturnType<Stored['open']>,
): Platform<LocalFile> {
  const files = {
    make(bytes: Uint8Array): LocalFile {
      const path = putFile(directory, bytes)
      return { path, size: bytes.length, open: () => open(path) }
    },
    changes: CHANGES,
  }
  return canCountHandles ? { ...files, openHandles: ({ path }) => openHandles(path) } : files
}

/** The same for an adapter that also says what is no file: nothing, and a directory. */
export function namedFiles(
  directory: string,
  open: (path: string) => ReturnType<Stored['open']>,
): Platform<LocalFile> {
  return {
    ...localFiles(directory, open),
    openMissing: () => open(join(directory, 'no-such-file')),
    openDirectory: () => open(directory),
  }
}

/** A lookup of a directory's files, asked by the path of one. */
export function pathLookup(
  directory: string,
  lookup: FileLookup,
): (path: string) => Promise<FileSource | null> {
  return async (path) => {
    const url = path.replace(directory, 'http://localhost')
    return sourceOf(await lookup({ method: 'GET', url, headers: new Headers() }))
  }
}

/** Writes a file of a name of its own, of yesterday. */
export function putFile(directory: string, bytes: Uint8Array): string {
  const path = join(directory, `${crypto.randomUUID()}.bin`)
  writeFileSync(path, bytes)
  const yesterday = new Date(Date.now() - 86_400_000)
  utimesSync(path, yesterday, yesterday)
  return path
}

/** Whoever opens it by its name waits for a writer that never comes. */
export function replaceByFifo(path: string): void {
  execFileSync('mkfifo', [`${path}.fifo`])
  renameSync(`${path}.fifo`, path)
}

/** What may happen to a file under way, and what becomes of who holds it open and looks again. */
const CHANGES: Readonly<Record<string, Change<LocalFile>>> = {
  'cut to half': {
    apply: ({ path, size }) => truncateSync(path, size >> 1),
    outcome: 'broken',
  },
  emptied: { apply: ({ path }) => truncateSync(path, 0), outcome: 'broken' },
  'appended to': {
    apply: ({ path, size }) => appendFileSync(path, otherBytes(size)),
    outcome: 'whole',
  },
  'rewritten with other bytes, as many': {
    apply: ({ path, size }) => writeFileSync(path, otherBytes(size), { flag: 'r+' }),
    outcome: 'broken',
  },
  'rewritten with other bytes, and more': {
    apply: ({ path, size }) => writeFileSync(path, otherBytes(2 * size)),
    outcome: 'broken',
  },
  'replaced by another of its name': {
    apply({ path, size }) {
      writeFileSync(`${path}.next`, otherBytes(size))
      renameSync(`${path}.next`, path)
    },
    outcome: 'whole',
  },
  removed: { apply: ({ path }) => rmSync(path), outcome: 'whole' },
}

/** The same changes where something else becomes of them. */
export function changesThat(
  become: (outcome: Outcome) => Outcome,
): Readonly<Record<string, Change<LocalFile>>> {
  const entries = Object.entries(CHANGES).map(([what, { apply, outcome }]) => {
    return [what, { apply, outcome: become(outcome) }] as const
  })
  return Object.fromEntries(entries)
}

function otherBytes(length: number): Uint8Array {
  return someBytes(length, 99)
}
