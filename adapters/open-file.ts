import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { holdFile, type OpenFile } from './held-file.ts'

export type { OpenFile } from './held-file.ts'

/** O_NONBLOCK: opening a FIFO would wait for its writer. O_NOCTTY and both are absent on Windows. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/**
 * Opens a regular file.
 *
 * Synchronously: with names and inodes in the kernel's cache, open, fstat and close take some
 * 5 µs, and the way through the thread pool takes over 100 (bench/README.md).
 *
 * @param isAllowed asked about what was opened, before anything is read
 * @returns null when there is no such file, it is not a regular one, or it is not allowed
 * @throws what the operating system says of any other failure
 */
export function openFile(
  path: string,
  isAllowed: (path: string, stat: Stats) => boolean = () => true,
): OpenFile | null {
  let fd: number | null = null
  try {
    fd = openSync(path, FLAGS)
    const stat = fstatSync(fd)
    if (stat.isFile() && isAllowed(path, stat)) {
      const file = holdFile(path, fd, stat)
      fd = null
      return file
    }
  } catch (error) {
    if (!isAbsence(error)) throw error
  } finally {
    if (fd !== null) closeSync(fd)
  }
  return null
}

const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'ENODEV']

/** Whether an error says that there is no such file, rather than that it can't be had. */
function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ABSENT.includes(String(error.code))
}
