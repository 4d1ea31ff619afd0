import { opendir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isBelow } from '../adapters/local/tree.ts'
import type { Entry } from '../adapters/site/tree.ts'
import { toRelativePath } from '../adapters/site/url-path.ts'

/**
 * What is in a folder below a directory, in any order, by name and kind only: to look at a hundred
 * thousand files takes longer than to list them. Hidden files and those that the lookup would not
 * serve are left out. Linked folders are not entered: what they hold below the root is listed where
 * it lies.
 *
 * @throws the operating system's error if it is no folder, as a rejection
 */
export async function* listFolder(root: string, path: string): AsyncGenerator<Entry> {
  const realRoot = await realpath(root)
  const folder = join(root, path)
  const realFolder = await realpath(folder)
  if (realFolder !== realRoot && !isBelow(realFolder, realRoot)) return
  for await (const entry of await opendir(folder, { bufferSize: 512 })) {
    const { name } = entry
    if (name.startsWith('.') || toRelativePath(`/${encodeURIComponent(name)}`) === null) continue
    if (entry.isDirectory()) yield { name, kind: 'directory' }
    else if (entry.isFile()) yield { name, kind: 'file' }
    else if (entry.isSymbolicLink() && (await isFile(join(folder, name), realRoot))) {
      yield { name, kind: 'file' }
    }
  }
}

/** Whether a link leads to a file below the root. */
async function isFile(path: string, realRoot: string): Promise<boolean> {
  try {
    return isBelow(await realpath(path), realRoot) && (await stat(path)).isFile()
  } catch {
    return false
  }
}
