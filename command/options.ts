/** What the command line asks for. */
export type Options =
  | { readonly kind: 'serve'; readonly root: string; readonly port: number; readonly host: string }
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'mistake'; readonly message: string }

export const HELP = `Usage: byteserve [DIR] [--port N] [--host H]

Serves the files of DIR, by default the current directory, with byte ranges: films seek and
downloads resume. / is a page that plays the media, unless DIR has an index.html of its own.

  --port N    the port to listen on, 8080 by default; 0 takes a free one
  --host H    the address to listen on, 127.0.0.1 by default: only this machine;
              0.0.0.0 lets the network in
  --help      print this
  --version   print the version

The URL is printed on standard output, a line for each request on standard error. Hidden files
and links that lead out of DIR are not served. Ctrl-C ends at once; SIGTERM lets running downloads
finish for 5 seconds.
`

const HIGHEST_PORT = 65535

/**
 * Reads the command's arguments. An option's value may follow it or an equals sign; of an option
 * given twice, the last counts; after `--` there are no options.
 *
 * @example
 * parseOptions(['media', '--port', '0']) // { kind: 'serve', root: 'media', port: 0, host: '127.0.0.1' }
 * parseOptions(['--prot', '0']) // { kind: 'mistake', message: "unknown option '--prot'" }
 */
export function parseOptions(args: readonly string[]): Options {
  const words: string[] = []
  let port = 8080
  let host = '127.0.0.1'
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? ''
    if (argument === '--') {
      words.push(...args.slice(i + 1))
      break
    }
    if (!argument.startsWith('-') || argument === '-') {
      words.push(argument)
      continue
    }
    if (argument === '--help' || argument === '-h') return { kind: 'help' }
    if (argument === '--version' || argument === '-v') return { kind: 'version' }
    const [name, attached] = splitOption(argument)
    if (name !== '--port' && name !== '--host') return mistake(`unknown option '${argument}'`)
    const value = attached ?? args[++i]
    if (value === undefined || value === '') return mistake(`${name} needs a value`)
    if (name === '--host') {
      host = value.replace(/^\[(.*)\]$/, '$1')
    } else {
      if (!/^\d{1,5}$/.test(value) || Number(value) > HIGHEST_PORT) {
        return mistake(`--port takes a number from 0 to ${HIGHEST_PORT}, not '${value}'`)
      }
      port = Number(value)
    }
  }
  const [root = '.', ...extra] = words
  if (root === '') return mistake('DIR is empty')
  if (extra.length > 0) return mistake(`one DIR can be served, but there is also '${extra[0]}'`)
  return { kind: 'serve', root, port, host }
}

function splitOption(argument: string): [name: string, value?: string] {
  const at = argument.indexOf('=')
  return at === -1 ? [argument] : [argument.slice(0, at), argument.slice(at + 1)]
}

function mistake(message: string): Options {
  return { kind: 'mistake', message }
}
