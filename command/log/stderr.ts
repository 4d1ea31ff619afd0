import { constants, fstatSync, openSync, write } from 'node:fs'
import process from 'node:process'
import { isatty } from 'node:tty'
import { codeOf } from '../../adapters/local/calls.ts'
import type { Host } from '../hosts/host.ts'
import { lineWriter } from './writer.ts'

/** How long to wait for a terminal that takes no more, in ms. */
const RETRY = 50

/** To write a log without making the server wait; null where `process.stderr` does not. */
const descriptor = openLog()

export const writeLog: Host['writeLog'] =
  descriptor === null ? writeToPipe : lineWriter((bytes) => writeSome(descriptor, bytes))

/** One that can't be written to has no reader who could be told. */
function writeToPipe(text: string): Promise<number> {
  return new Promise((resolve) => process.stderr.write(text, () => resolve(0)))
}

/**
 * `process.stderr` waits for a terminal that was stopped by Ctrl-S, or is slow, and for a disk.
 * A terminal is opened anew: whoever shares the descriptor expects it to wait.
 */
function openLog(): number | null {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    const { fd } = process.stderr
    if (isatty(fd)) return openSync(`/dev/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
    return fstatSync(fd).isFile() ? fd : null
  } catch {
    // There is no such path, as on Windows.
    return null
  }
}

function writeSome(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (error, written) => {
      if (error !== null && codeOf(error) !== 'EAGAIN') reject(error)
      else if (error === null && written > 0) resolve(written)
      else setTimeout(resolve, RETRY, 0)
    })
  })
}
