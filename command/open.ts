import { spawn } from 'node:child_process'
import process from 'node:process'
import type { Output } from './log/output.ts'

/** Opens a URL in the person's browser, and goes on. */
export function openBrowser(url: string, output: Pick<Output, 'say'>): void {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open']
  let hasGivenUp = false
  // Deno tells of a missing program, and then throws, too.
  const giveUp = () => {
    if (!hasGivenUp) output.say(`can't open a browser with ${program}: open ${url} yourself`)
    hasGivenUp = true
  }
  try {
    const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' })
    child.once('error', giveUp)
    child.once('exit', (code) => {
      if (code) giveUp()
    })
    child.unref()
  } catch {
    // Deno, unless it may run programs.
    giveUp()
  }
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}
