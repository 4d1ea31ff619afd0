/** How many lines may wait to be written, where they come from this process. */
export const MAX_WAITING = 1000

/** How long lines are gathered before they are written together, in ms. */
const GATHERING = 50

/** How many are written without gathering more. */
const FULL = 500

/** Prints lines, many at a time: a write costs more than the answer to a small request. */
export interface Printer {
  readonly print: (line: string) => void
  /** Fulfilled once all lines that wait are written. */
  readonly flush: () => Promise<void>
  /** The lines that wait, for when no event will come any more; '' for none, or if nobody reads. */
  takeLast(): string
}

/**
 * Prints by the given way to write. A line that comes alone is written at once; those that follow
 * it are written together, after 50 ms or when there are 500. While nobody reads, lines beyond a
 * limit are left out, and a line in their place says how many. So does one in the place of those
 * that could not be written, as on a full disk.
 *
 * @param write fulfilled with how many lines were lost; never rejects
 * @param toLine how those lines are written
 */
export function linePrinter(
  write: (text: string) => Promise<number>,
  maxWaiting: number = MAX_WAITING,
  toLine: (notice: string) => string = (notice) => notice,
): Printer {
  let lines: string[] = []
  let omitted = 0
  let lost = 0
  let isWriting = false
  let writing: Promise<void> | null = null
  let stopGathering = () => {}

  function print(line: string): void {
    if (lines.length < maxWaiting) lines.push(line)
    else omitted++
    if (lines.length === FULL) stopGathering()
    writing ??= writeAll()
  }

  async function writeAll(): Promise<void> {
    while (lines.length > 0) {
      const gathered = gather()
      isWriting = true
      if (lost > 0) await tellOfLost()
      lost += await write(take())
      isWriting = false
      await gathered
    }
    writing = null
  }

  async function tellOfLost(): Promise<void> {
    const notice = `lines left out, as the log could not be written: ${lost}`
    if ((await write(`${toLine(notice)}\n`)) === 0) lost = 0
  }

  function gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHERING)
      stopGathering = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function take(): string {
    if (omitted > 0) lines.push(toLine(`lines left out, as nobody read the log: ${omitted}`))
    const text = `${lines.join('\n')}\n`
    lines = []
    omitted = 0
    return text
  }

  return {
    print,
    async flush() {
      stopGathering()
      await writing
    },
    takeLast: () => (lines.length === 0 || isWriting ? '' : take()),
  }
}
