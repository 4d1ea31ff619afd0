#!/usr/bin/env node
import { lookup } from 'node:dns/promises'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '../adapters/local/calls.ts'
import { externalUrls, formatUrl, isLoopback } from './address.ts'
import type { Host, Listening, Service } from './host.ts'
import { formatServed, onOneLine } from './log.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { withPage } from './page.ts'
import { linePrinter } from './print.ts'

/** How long SIGTERM waits for running downloads, in ms. */
const PATIENCE = 5000
/** How long the end waits for whoever reads the log, in ms. */
const LAST_WORDS = 200

const FAILED = 1
const MISUSED = 2

const args = process.argv.slice(2)
if (args[0] === 'check') process.exitCode = await check(args.slice(1))
else await main(parseOptions(args))

/** Loaded when it is asked for: who serves files needs none of it. */
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
      process.stdout.write(`${readVersion()}\n`)
      return
    case 'mistake':
      return fail(`${options.message}; see byteserve --help`, MISUSED)
    case 'serve':
      return serve(options)
  }
}

async function serve(options: Extract<Options, { kind: 'serve' }>): Promise<void> {
  const { root, host, port } = options
  const obstacle = findObstacle(root)
  if (obstacle !== null) return fail(obstacle, FAILED)
  const address = await findAddress(host)
  if (address === null) return fail(`can't resolve ${host}`, FAILED)
  const { networkInterfaces, openDirectory, listen, writeLog } = await loadHost()
  // Standard output is for the URL alone.
  const { print, flush, flushSync } = linePrinter(writeLog)
  const isLocal = isLoopback(address)
  const service: Service = {
    lookup: withPage(root, openDirectory(root)),
    optionsFor: (client = '-') => ({
      onServed: (served) => print(formatServed(served, new Date(), isLocal ? null : client)),
      // The log line of a request says what broke its response.
      onError() {},
    }),
  }
  let server: Listening
  try {
    server = await listen(service, { address, port })
  } catch (error) {
    return fail(explain(error, host, port), FAILED)
  }
  const exit = () => Promise.race([flush(), delay(LAST_WORDS)]).finally(() => process.exit(0))
  process.on('SIGINT', exit)
  process.once('SIGTERM', () => {
    setTimeout(exit, PATIENCE)
    void server.drain().finally(exit)
  })
  process.on('exit', flushSync)
  // npm passes on a signal that the whole process group, and so this process, has already got.
  process.on('SIGTERM', () => {})
  process.stdout.write(`${formatUrl(host, server.port)}\n`)
  if (isLocal) return
  externalUrls(address, server.port, networkInterfaces()).forEach(print)
  const place = `port ${server.port} of this machine`
  print(`anyone who can reach ${place} can read ${onOneLine(realpathSync(root))}`)
}

/** Loads the server and the files of this runtime only. */
function loadHost(): Promise<Host> {
  if (process.versions.bun !== undefined) return import('./host-bun.ts')
  if (process.versions.deno !== undefined) return import('./host-deno.ts')
  return import('./host-node.ts')
}

function findObstacle(root: string): string | null {
  try {
    return statSync(root).isDirectory() ? null : `${root} is not a directory`
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? `${root} does not exist` : messageOf(error)
  }
}

/** Resolves a name before a runtime would, which would fail in its own words and tell less. */
async function findAddress(host: string): Promise<string | null> {
  try {
    return (await lookup(host)).address
  } catch {
    return null
  }
}

function explain(error: unknown, host: string, port: number): string {
  const code = codeOf(error)
  const choice = 'choose another with --port N, or 0 for any free port'
  if (code === 'EADDRINUSE') return `port ${port} is in use; ${choice}`
  if (code === 'EACCES') return `no permission to listen on port ${port}; ${choice}`
  // EINVAL: a link-local address, which means nothing without its zone.
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL') {
    return `${host} is not an address of this machine`
  }
  return `can't listen on ${host}, port ${port}: ${messageOf(error)}`
}

function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return JSON.parse(manifest).version
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`byteserve: ${onOneLine(message)}\n`)
  process.exitCode = exitCode
}
