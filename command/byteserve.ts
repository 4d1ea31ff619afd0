#!/usr/bin/env node
import process from 'node:process'
import { onOneLine } from '../adapters/check/escape.ts'
import { Failure, withoutUsers } from './failure.ts'
import { HELP, type Options, parseOptions, type ServeOptions } from './options.ts'
import { writeOut } from './stdout.ts'
import { VERSION } from './version.ts'

const FAILED = 1
const MISUSED = 2
const NOT_CHECKED = 2

// Whoever reads the log may go away; the server stays. `writeOut` tells of the other.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
const args = process.argv.slice(2)
if (args[0] === 'check') await orFail(check(args.slice(1)), NOT_CHECKED)
else await orFail(main(parseOptions(args)), FAILED)

/** Loaded when it is asked for: those who serve files need none of it. */
async function check(args: readonly string[]): Promise<void> {
  const { runCheck } = await import('./check.ts')
  process.exitCode = await runCheck(args)
}

/** Loaded when it is asked for: those who check a server, or read the help, need none of it. */
async function serve(options: ServeOptions): Promise<void> {
  const { serve } = await import('./serve.ts')
  return serve(options)
}

async function main(options: Options): Promise<void> {
  switch (options.kind) {
    case 'help':
      return writeOut(HELP)
    case 'version':
      return writeOut(`${VERSION}\n`)
    case 'mistake':
      return fail(`${options.message}; see byteserve --help`, MISUSED)
    case 'serve':
      return serve(options)
  }
}

async function orFail(work: Promise<void>, exitCode: number): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    fail(error.message, exitCode)
  }
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`byteserve: ${onOneLine(withoutUsers(message))}\n`)
  process.exitCode = exitCode
}
