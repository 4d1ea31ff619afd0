import { lookup } from 'node:dns/promises'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '../adapters/local/calls.ts'
import { cors } from '../adapters/site/cors.ts'
import type { FileLookup } from '../src/lookup.ts'
import type { RequestLike } from '../src/source.ts'
import { externalUrls, formatUrl, isLoopback } from './address.ts'
import { Failure, messageOf } from './failure.ts'
import { forHosts, withPassword } from './guard.ts'
import type { Address, Host, Listening, Service } from './host.ts'
import { onOneLine } from './log.ts'
import { openBrowser } from './open.ts'
import type { ServeOptions } from './options.ts'
import { Views } from './page/events.ts'
import { RequestLog } from './request-log.ts'
import { findRoot, lookupOf } from './root.ts'
import { readPassword, readTls } from './secrets.ts'

/** How long SIGTERM waits for running downloads, in ms. */
const PATIENCE = 5000
/** How long the end waits for whoever reads the log, in ms. */
const LAST_WORDS = 200

/**
 * Serves until the process ends.
 *
 * @throws Failure, as a rejection, when it can't
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { host, port } = options
  const address = await findAddress(host)
  const runtime = await loadHost()
  const isLocal = isLoopback(address)
  const log = new RequestLog(options.log, runtime, isLocal)
  const root = await findRoot(options, runtime, log)
  const password = readPassword(options.auth, runtime.variable('BYTESERVE_AUTH'))
  const tls = readTls(options.tls)
  const scheme = tls === null ? 'http' : 'https'
  const views = new Views()
  const names = [host, runtime.hostname(), `${runtime.hostname()}.local`, ...options.allowHosts]
  const files = lookupOf(root, options, views)
  const asked = password === null ? files : withPassword(files, password)
  const service = makeService(forHosts(asked, names), options, log, views)

  const server = await listen(runtime, service, { address, port, tls }, host)
  const exit = () => Promise.race([log.flush(), delay(LAST_WORDS)]).finally(() => process.exit(0))
  process.on('SIGINT', exit)
  process.once('SIGTERM', () => {
    setTimeout(exit, PATIENCE)
    views.close()
    void server.drain().finally(exit)
  })
  process.on('exit', () => log.flushSync())
  // npm passes on a signal that the whole process group, and so this process, has already got.
  process.on('SIGTERM', () => {})

  const url = formatUrl(host, server.port, scheme)
  // Standard output is for the URL alone.
  process.stdout.write(`${url}\n`)
  const urls = externalUrls(address, server.port, runtime.networkInterfaces(), scheme)
  for (const each of urls) log.say(each)
  if (root.shelf === null) {
    log.say(
      `${onOneLine(root.place)} lists no folders: its files are found by who knows their names`,
    )
  }
  if (!isLocal) {
    const who = password === null ? 'anyone who can' : 'anyone who knows the password and can'
    const what = onOneLine(root.place)
    log.say(`${who} reach port ${server.port} of this machine can read ${what}`)
    if (password !== null && tls === null) {
      log.say('the password crosses the network in the clear: --cert and --key prevent that')
    }
  }
  if (options.qr ?? (process.stderr.isTTY && urls.length > 0)) await drawQrCode(urls[0] ?? url, log)
  if (options.open) openBrowser(url, log)
}

function makeService(
  files: FileLookup,
  { maxRanges, cors: isForAll }: ServeOptions,
  log: RequestLog,
  views: Views,
): Service {
  return {
    lookup: files,
    options(clientOf) {
      // Its address is known for as long as it is there.
      const clients = new WeakMap<RequestLike, string>()
      return {
        maxRanges,
        ...(isForAll && { headers: cors() }),
        onBegin(serving, ...context) {
          clients.set(serving.request, clientOf(...context) ?? '-')
          views.begin(serving)
          log.begin(serving)
        },
        onServed(served, ..._) {
          views.end(served)
          log.end(served, clients.get(served.request) ?? '-')
        },
        // The log line of a request says what broke its response.
        onError() {},
      }
    },
  }
}

/** Loads the server and the files of this runtime only. */
function loadHost(): Promise<Host> {
  if (process.versions.bun !== undefined) return import('./host-bun.ts')
  if (process.versions.deno !== undefined) return import('./host-deno.ts')
  return import('./host-node.ts')
}

/** Resolves a name before a runtime would, which would fail in its own words and tell less. */
async function findAddress(host: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch {
    throw new Failure(`can't resolve ${host}`)
  }
}

async function listen(
  runtime: Host,
  service: Service,
  address: Address,
  host: string,
): Promise<Listening> {
  try {
    return await runtime.listen(service, address)
  } catch (error) {
    throw new Failure(explain(error, host, address.port))
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

async function drawQrCode(url: string, log: RequestLog): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr')
  log.say(renderUnicodeCompact(url))
}
