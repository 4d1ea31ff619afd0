import { spawn } from 'node:child_process'
import process from 'node:process'
import type { Output } from './log/output.ts'

/** Opens a URL in the person's browser, and goes on. */
export function openBrowser(url: string, output: Pick<Output, 'say'>): void {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open']
  const giveUp = () => output.say(`can't open a browser with ${program}: open ${url} yourself`)
  try {
    const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' })
    child.once('error', giveUp)
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
