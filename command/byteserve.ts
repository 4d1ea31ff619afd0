#!/usr/bin/env node
import process from 'node:process'
import { onOneLine } from '../adapters/check/escape.ts'
import { Failure, withoutUsers } from './failure.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { serve } from './serve.ts'
import { VERSION } from './version.ts'

const FAILED = 1
const MISUSED = 2

const args = process.argv.slice(2)
if (args[0] === 'check') process.exitCode = await check(args.slice(1))
else await main(parseOptions(args))

/** Loaded when it is asked for: those who serve files need none of it. */
async function check(args: readonly string[]): Promise<number> {
  const { runCheck } = await import('./check.ts')
  return runCheck(args)
}

async function main(options: Options): Promise<void> {
  // Whoever reads the log may go away; the server stays.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  switch (options.kind) {
    case 'help':
      process.stdout.write(HELP)
      return
    case 'version':
      process.stdout.write(`${VERSION}\n`)
      return
    case 'mistake':
      return fail(`${options.message}; see byteserve --help`, MISUSED)
    case 'serve':
      try {
        return await serve(options)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        return fail(error.message, FAILED)
      }
  }
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`byteserve: ${onOneLine(withoutUsers(message))}\n`)
  process.exitCode = exitCode
}
