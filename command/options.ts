import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Options =
  | { readonly kind: 'serve'; readonly root: string; readonly port: number; readonly host: string }
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'mistake'; readonly message: string }

const DEFAULTS = { port: '8080', host: '127.0.0.1' }
const HIGHEST_PORT = 65535

export const HELP: string = `Usage: byteserve [DIR] [--port N] [--host H]
       byteserve check URL…    what a server gets wrong; see byteserve check --help

Serves the files of DIR, by default the current directory, with byte ranges: films seek and
downloads resume. / is DIR/index.html or, if there is none, a page that plays the media.

  -p, --port N    the port to listen on, ${DEFAULTS.port} by default; 0 for any free one
      --host H    the address to listen on, ${DEFAULTS.host} by default: only this machine;
                  0.0.0.0 lets the network in
  -h, --help      print this
  -v, --version   print the version

The URL is printed on standard output, a line for each request on standard error. Hidden files
and links that lead out of DIR are not served. Ctrl-C stops at once; SIGTERM gives running downloads
5 seconds to finish.
`

/**
 * Reads the command's arguments. A value follows its option or an equals sign; if an option is
 * given twice, the last one counts; after `--` there are no options.
 *
 * @example
 * parseOptions(['media', '--port', '0']) // { kind: 'serve', root: 'media', port: 0, host: '127.0.0.1' }
 * parseOptions(['--port', 'x']) // { kind: 'mistake', message: "--port takes a number …, not 'x'" }
 */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values, positionals } = readArguments(args)
    if (values.help) return { kind: 'help' }
    if (values.version) return { kind: 'version' }
    return toOptions(positionals, values.port, values.host)
  } catch (error) {
    const port = findDashedPort(args)
    if (port !== undefined) return mistakenPort(port)
    // Of Node's message, the first sentence says what is wrong; the rest is about escaping a dash.
    return mistake(String(error instanceof Error ? error.message : error).replace(/\.\s.*/s, ''))
  }
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: 'string', short: 'p', default: DEFAULTS.port },
      host: { type: 'string', default: DEFAULTS.host },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
}

function toOptions([root = '.', ...extra]: readonly string[], port: string, host: string): Options {
  if (root === '') return mistake('DIR is empty')
  if (extra.length > 0) return mistake(`expected one DIR, got a second: '${extra[0]}'`)
  if (!/^\d{1,5}$/.test(port) || Number(port) > HIGHEST_PORT) return mistakenPort(port)
  if (host === '') return mistake('--host needs a value')
  return { kind: 'serve', root, port: Number(port), host: host.replace(/^\[(.*)\]$/, '$1') }
}

/** The port in `--port -1`, which parseArgs rejects as ambiguous: it looks like an option. */
function findDashedPort(args: readonly string[]): string | undefined {
  return args.find((arg, at) => arg.startsWith('-') && /^(?:-p|--port)$/.test(args[at - 1] ?? ''))
}

function mistakenPort(port: string): Options {
  return mistake(`--port takes a number from 0 to ${HIGHEST_PORT}, not '${port}'`)
}

function mistake(message: string): Options {
  return { kind: 'mistake', message }
}
