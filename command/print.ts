import process from 'node:process'

/** How many lines may wait to be read. */
const MAX_UNREAD = 1000

/** Writes to standard error; fulfilled once that is done, or has failed. */
export function writeLog(text: string): Promise<void> {
  return new Promise((resolve) => process.stderr.write(text, () => resolve()))
}

/**
 * Prints lines by the given way to write. While nobody reads them, lines beyond a limit are left
 * out, and the next one that is printed says how many.
 */
export function linePrinter(write: (text: string) => Promise<void>): (line: string) => void {
  let unread = 0
  let omitted = 0
  return (line) => {
    if (unread >= MAX_UNREAD) {
      omitted++
      return
    }
    const gap = omitted > 0 ? `lines left out, as nobody read the log: ${omitted}\n` : ''
    omitted = 0
    unread++
    void write(`${gap}${line}\n`).then(() => unread--)
  }
}
