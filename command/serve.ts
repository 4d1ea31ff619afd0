import { lookup } from 'node:dns/promises'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { externalUrls, formatUrl, isLoopback, schemeOf } from './address.ts'
import { isDumb, mayColour, variable } from './environment.ts'
import { Failure, messageOf } from './failure.ts'
import { type Host, loadHost } from './hosts/host.ts'
import { Output } from './log/output.ts'
import { MAX_WAITING } from './log/print.ts'
import type { Outlet, Style } from './log/request-log.ts'
import { openBrowser } from './open.ts'
import type { ServeOptions } from './options.ts'
import { Views } from './page/events.ts'
import { readPassword, readTls } from './secrets.ts'
import { type Facts, type Job, type Server, startServer } from './server.ts'
import { writeOut } from './stdout.ts'
import { startWorkers } from './workers/pool.ts'

/** How long SIGTERM waits for running downloads, in ms. */
const PATIENCE = 5000
/** How long the end waits for what is broken off, or workers have seen, to be logged, in ms. */
const LAST_ENTRIES = 1000
/** How long shutting down waits for the log to be read, in ms. */
const LAST_LINES = 200
/** How many lines of the log may wait to be written: workers go on while this process is busy. */
const MAX_WAITING_OF_WORKERS = 20_000

/**
 * Serves until the process ends.
 *
 * @throws Failure, as a rejection, when it can't
 */
export async function serve(options: ServeOptions): Promise<void> {
  const runtime = await loadHost()
  const job = await prepare(options)
  const isAlone = options.workers === 1
  const output = new Output(runtime, isAlone ? MAX_WAITING : MAX_WAITING_OF_WORKERS, job.style)
  const server = isAlone
    ? await startServer(job, runtime, new Views(), outletOf(output))
    : await startWorkers(job, runtime, output)
  endOnSignals(server, output)
  await announce(server.facts, job, runtime, output)
}

/** Reads what is given elsewhere than on the command line. */
async function prepare(options: ServeOptions): Promise<Job> {
  const address = await findAddress(options.host)
  const isLocal = isLoopback(address)
  const isTerminal = process.stderr.isTTY === true
  return {
    options,
    address: {
      address,
      port: options.port,
      tls: readTls(options.tls),
      isShared: options.workers > 1,
    },
    password: readPassword(options.auth, variable('BYTESERVE_AUTH')),
    style: {
      format: options.log,
      isLocal,
      isTerminal,
      isColoured: isTerminal && mayColour(),
      hasProgress: isTerminal && options.log === 'text' && !isDumb(),
    },
  }
}

/** The outlet of the only server. */
function outletOf(output: Output): Outlet {
  return {
    print: (line) => output.print(line),
    say: (notice) => output.say(notice),
    show: (progress) => output.show(0, progress),
  }
}

function endOnSignals(server: Server, output: Output): void {
  const exit = async () => {
    await Promise.race([server.end(), delay(LAST_ENTRIES)])
    await Promise.race([output.flush(), delay(LAST_LINES)])
    process.exit(0)
  }
  process.on('SIGINT', exit)
  process.once('SIGTERM', () => {
    setTimeout(exit, PATIENCE)
    void server.drain().finally(exit)
  })
  process.on('exit', () => output.flushSync())
  // npm passes on a signal that the whole process group, and so this process, has already got.
  process.on('SIGTERM', () => {})
}

/** Says where it is, and who can read what. */
async function announce(
  { port, place, isListed }: Facts,
  { options, address: { address, tls }, password, style }: Job,
  runtime: Host,
  output: Output,
): Promise<void> {
  const scheme = schemeOf(tls)
  const url = formatUrl(options.host, port, scheme)
  // Standard output is for the URL alone.
  writeOut(`${url}\n`).catch((failure) => output.say(messageOf(failure)))
  const urls = externalUrls(options.host, address, port, runtime.networkInterfaces(), scheme)
  for (const each of urls) if (each !== url) output.say(each)
  if (options.idle.length > 0) output.say(`without effect here: ${options.idle.join(', ')}`)
  if (!isListed) {
    output.say(`${place} lists no folders: its files are found only by those who know their names`)
  }
  if (!style.isLocal) {
    const who = password === null ? 'anyone who can' : 'anyone who knows the password and can'
    output.say(`${who} reach port ${port} of this machine can read ${place}`)
    if (password !== null && tls === null) {
      output.say('the password crosses the network in the clear: --cert and --key prevent that')
    }
  }
  // A log of JSON has nothing else in it.
  const mayDraw = style.format !== 'json' && (options.qr ?? (style.isTerminal && urls.length > 0))
  if (mayDraw) await drawQrCode(urls[0] ?? url, style, output)
  if (mayDraw && urls.length === 0) {
    const remedy = style.isLocal ? '; --host 0.0.0.0 lets the network in' : ''
    output.say(`only this machine can open the address of the QR code${remedy}`)
  }
  if (options.open) openBrowser(url, output)
}

/** Resolves a name before a runtime would, which would fail in its own words and tell less. */
async function findAddress(host: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch {
    throw new Failure(`can't resolve ${host}`)
  }
}

const WHITE_ON_BLACK = '\x1b[97;40m'

/** In colours of its own, if it may have any: few phones read white for black. */
async function drawQrCode(url: string, { isColoured }: Style, output: Output): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr')
  const code = renderUnicodeCompact(url)
  output.print(isColoured ? code.replace(/^.+$/gm, `${WHITE_ON_BLACK}$&\x1b[m`) : code)
}
