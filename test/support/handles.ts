import { readdirSync, readlinkSync } from 'node:fs'

/** Whether this system shows what a process has open. */
export const canCountHandles: boolean = process.platform === 'linux'

/**
 * How many descriptors a process has open on what a path leads to, or on anything whose path begins
 * so; what was removed since is included.
 *
 * @param pid by default, this process
 */
export function openHandles(path: string, pid: number | 'self' = 'self'): number {
  return descriptorsOf(path, pid).length
}

/** The descriptors that are open on these. */
export function descriptorsOf(path: string, pid: number | 'self' = 'self'): number[] {
  const directory = `/proc/${pid}/fd`
  const isOfPath = (fd: string) => {
    try {
      return readlinkSync(`${directory}/${fd}`).startsWith(path)
    } catch {
      // Closed since it was listed.
      return false
    }
  }
  return readdirSync(directory).filter(isOfPath).map(Number)
}
