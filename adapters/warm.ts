import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type OpenFile, openFile } from './open-file.ts'

/** For how long after it was opened a path is taken to be in the kernel's memory, in ms. */
const WARM_FOR = 10_000

/** How many paths are remembered. */
const MOST = 10_000

const opened = new Map<string, number>()

/**
 * Opens a file as `openFile` does, but never waits for a slow disk on the main thread: a path that
 * was not opened lately is first looked at in another one, which brings its names and its inode
 * into the kernel's memory, where opening finds them in microseconds.
 */
export function openWarm(
  path: string,
  isAllowed?: (path: string, stat: Stats) => boolean,
): OpenFile | null | Promise<OpenFile | null> {
  const last = opened.get(path) ?? Number.NEGATIVE_INFINITY
  return Date.now() - last < WARM_FOR ? open(path, isAllowed) : openCold(path, isAllowed)
}

async function openCold(
  path: string,
  isAllowed?: (path: string, stat: Stats) => boolean,
): Promise<OpenFile | null> {
  // What is wrong with the path, opening will say.
  await stat(path).catch(() => {})
  return open(path, isAllowed)
}

function open(path: string, isAllowed?: (path: string, stat: Stats) => boolean): OpenFile | null {
  const file = openFile(path, isAllowed)
  if (file === null) return null
  if (opened.size >= MOST) opened.clear()
  opened.set(path, Date.now())
  return file
}
