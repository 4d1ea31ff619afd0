import { createRequire } from 'node:module'
import type { Browser } from 'playwright-core'
import { expectProgram } from './installed.ts'

// Not imported: Node would read all of it for the names that it exports.
const { chromium } = createRequire(import.meta.url)(
  'playwright-core',
) as typeof import('playwright-core')

/** A real Chromium of the machine's; null when there is none. */
export const executablePath: string | null = expectProgram(
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
)

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Longer than a cold start of it takes on a busy machine, in ms. */
const LAUNCH = 120_000

/** Starts it, headless and with a new profile. */
export function launchChromium(...flags: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath ?? '',
    args: [...FLAGS, ...flags],
    timeout: LAUNCH,
  })
}
