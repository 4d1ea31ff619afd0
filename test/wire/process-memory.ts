import { readFileSync, writeFileSync } from 'node:fs'

/** Memory of a process that is in use, in bytes. */
export function residentBytes(pid: number): number {
  return status(pid, 'VmRSS')
}

/** The most memory that was in use since `forgetPeak`, in bytes. */
export function peakBytes(pid: number): number {
  return status(pid, 'VmHWM')
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function status(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024
}
