import { codeOf } from '../adapters/local/calls.ts'
import { cors } from '../adapters/site/cors.ts'
import type { Answer } from '../src/answer.ts'
import { expectHeaders } from '../src/headers.ts'
import { Failure, messageOf } from './failure.ts'
import { forHosts, withPassword } from './guard.ts'
import type { Address, Host, Service } from './hosts/host.ts'
import { type Outlet, RequestLog, type Style } from './log/request-log.ts'
import type { ServeOptions } from './options.ts'
import type { Views } from './page/events.ts'
import { findRoot } from './root.ts'

/** All that a server is made from: plain data, which can be sent to another process. */
export interface Job {
  readonly options: ServeOptions
  readonly address: Address
  /** `USER:PASS`; null for none. */
  readonly password: string | null
  readonly style: Style
}

/** What is known of a server once it listens: plain data, too. */
export interface Facts {
  readonly port: number
  /** Where the files are, with nothing secret in it. */
  readonly place: string
  /** Whether anybody tells what is in the folders. */
  readonly isListed: boolean
}

/** A server, or several that share a port. */
export interface Server {
  readonly facts: Facts
  /** Accepts no more connections; fulfilled once no response is under way. */
  drain(): Promise<void>
  /** Breaks off the responses under way; fulfilled once all that it logged is with its outlet. */
  end(): Promise<void>
}

/**
 * Serves from this process.
 *
 * @throws Failure, as a rejection, when it can't
 */
export async function startServer(
  { options, address, password, style }: Job,
  runtime: Host,
  views: Views,
  outlet: Outlet,
): Promise<Server> {
  const { host, allowHosts } = options
  const log = new RequestLog(style, outlet)
  const root = await findRoot(options, runtime, outlet.say)
  const names = [host, runtime.hostname(), `${runtime.hostname()}.local`, ...allowHosts]
  // Most of the command, which is not loaded to say that there is nothing to serve.
  const { lookupOf } = await import('./lookup.ts')
  const files = lookupOf(root, options, views, outlet.say)
  const asked = password === null ? files : withPassword(files, password)
  const service: Service = {
    lookup: forHosts(asked, names),
    options: {
      maxRanges: options.maxRanges,
      headers: options.cors ? cors({ allow: ANY_FIELD }) : withinSite,
      // The log line of a request says what broke its response.
      onError() {},
    },
    onBegin(serving) {
      views.begin(serving)
      log.begin(serving)
    },
    onServed(served, client = '-') {
      views.end(served)
      log.end(served, client)
    },
  }
  try {
    const listening = await runtime.listen(service, address)
    return {
      facts: { port: listening.port, place: root.place, isListed: root.shelf !== null },
      drain() {
        views.close()
        return listening.drain()
      },
      end: () => listening.hangUp(),
    }
  } catch (error) {
    throw listenFailure(error, host, address)
  }
}

/** What pages elsewhere may send: browsers don't count a password among `*`. */
const ANY_FIELD = ['*', 'Authorization']

// Read once, and not for every answer.
const SAME_SITE = expectHeaders({ 'cross-origin-resource-policy': 'same-site' })
const NO_FIELDS = expectHeaders({})

/**
 * Keeps scripts and styles from the pages of other sites, which could use them unasked, and so read
 * them. Of what else they embed they can read nothing, since every answer says `nosniff`.
 */
function withinSite({ headers }: Answer): typeof NO_FIELDS {
  return /script|css/i.test(headers['content-type'] ?? '') ? SAME_SITE : NO_FIELDS
}

/** Why an address can't be listened on. */
export function listenFailure(error: unknown, host: string, address: Address): Failure {
  const { port, tls, isShared } = address
  const code = codeOf(error)
  const choice = 'choose another with --port N, or 0 for any free port'
  if (code === 'EADDRINUSE') {
    // Just now, it was free.
    const shared = ', or this system lets no two workers share one: leave out --workers'
    return new Failure(`port ${port} is in use${isShared ? shared : `; ${choice}`}`)
  }
  if (code === 'EACCES') return new Failure(`no permission to listen on port ${port}; ${choice}`)
  // EINVAL: a link-local address, which means nothing without its zone; and Deno's node:net.
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL') {
    return new Failure(`${host} is not an address of this machine`)
  }
  // The key does not match the certificate: each runtime has its own words for it.
  const means = tls === null ? '' : ', with the files of --cert and --key'
  return new Failure(`can't listen on ${host}, port ${port}${means}: ${messageOf(error)}`)
}
