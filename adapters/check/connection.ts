import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { HTTP2_ONLY, UnansweredError } from './unanswered.ts'
import { answerWithin, type Patience } from './wire.ts'

export interface ConnectionTerms {
  readonly patience: Patience
  /** Asks a server whose certificate is not to be trusted, too. */
  readonly insecure: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * Connects to the server of a URL, for HTTP/1.1.
 *
 * @throws UnansweredError, as a rejection, that says what is in the way
 */
export async function connectTo(url: URL, terms: ConnectionTerms): Promise<Socket> {
  const { patience, insecure, signal } = terms
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const isSecure = url.protocol === 'https:'
  const port = Number(url.port) || (isSecure ? 443 : 80)
  const socket = isSecure
    ? connectSecurely({
        host,
        port,
        // TLS has no names for addresses (RFC 6066 §3).
        ...(isIP(host) ? {} : { servername: host }),
        rejectUnauthorized: !insecure,
        ALPNProtocols: ['http/1.1'],
      })
    : connect({ host, port })
  // The reader of a connection is told what broke it.
  socket.on('error', () => {})
  const connected = once(socket, isSecure ? 'secureConnect' : 'connect', { signal })
  try {
    await answerWithin(patience.silence, connected)
    return socket
  } catch (error) {
    socket.destroy()
    signal?.throwIfAborted()
    throw error instanceof UnansweredError ? error : toUnanswered(error, host, port)
  }
}

/** What is in the way, in words. */
function toUnanswered(error: unknown, host: string, port: number): UnansweredError {
  const [code, text] = describe(error)
  const tell = (obstacle: UnansweredError['obstacle'], message: string) =>
    new UnansweredError(obstacle, message, { cause: error })
  if (/ENOTFOUND|EAI_/.test(code)) return tell('name', `can't resolve ${host}`)
  if (code === 'ECONNREFUSED') return tell('connection', `nothing listens on ${host}, port ${port}`)
  if (/NO_APPLICATION_PROTOCOL/.test(code) || /no.?application.?protocol/i.test(text)) {
    return tell('protocol', HTTP2_ONLY)
  }
  if (/CERT|SELF_SIGNED|VERIFY_LEAF|ISSUER/.test(code) || /certificate|UnknownIssuer/i.test(text)) {
    // Node 26 goes on with advice about its own options.
    const reason = text.replace(/; if the root CA .*/s, '')
    return tell('certificate', `its certificate is not to be trusted: ${reason}`)
  }
  if (/SSL|EPROTO|TLS/.test(code)) return tell('protocol', `no TLS connection: ${reasonOf(text)}`)
  return tell('connection', `can't connect to ${host}, port ${port}: ${text}`)
}

/** What OpenSSL says, without where in OpenSSL; and what it means that a server speaks no TLS. */
function reasonOf(text: string): string {
  const reason = /SSL routines:[^:]*:([^:)]+)/.exec(text)?.[1] ?? text
  const isPlain = /wrong.version.number/i.test(reason)
  return isPlain ? 'what answers does not speak it; is it http: rather than https:?' : reason
}

/** An error's code and message; of the first, where several addresses were tried. */
function describe(error: unknown): [code: string, text: string] {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0])
  if (!(error instanceof Error)) return ['', String(error)]
  return ['code' in error ? String(error.code) : '', error.message]
}
