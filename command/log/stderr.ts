import { Buffer } from 'node:buffer'
import { constants, fstatSync, openSync, write } from 'node:fs'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { isatty } from 'node:tty'
import { codeOf } from '../../adapters/local/calls.ts'

/** How long to wait for a terminal that takes no more, in ms. */
const RETRY = 50

/** Writes to standard error; fulfilled once that is done, or has failed. */
export function writeLog(text: string): Promise<void> {
  if (descriptor !== null) return writeAll(descriptor, Buffer.from(text))
  return new Promise((resolve) => process.stderr.write(text, () => resolve()))
}

/** To write a log without making the server wait; null where `process.stderr` does not. */
const descriptor = openLog()

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

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const written = await writeSome(fd, bytes.subarray(at))
    if (written === null) return
    if (written === 0) await delay(RETRY)
    at += written
  }
}

/** How many bytes were written, 0 if there is no room for any; null if none ever will be. */
function writeSome(fd: number, bytes: Uint8Array): Promise<number | null> {
  return new Promise((resolve) => {
    write(fd, bytes, (error, written) => {
      if (error === null) resolve(written)
      else resolve(codeOf(error) === 'EAGAIN' ? 0 : null)
    })
  })
}
