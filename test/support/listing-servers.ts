import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { findProgram } from './installed.ts'
import { freePort } from './ports.ts'
import { run } from './process.ts'
import { type CacheServer, listening } from './proxies.ts'

/** Servers that show a folder as a page, each in its own way; nginx has a place of its own. */
export const LISTING_SERVERS = {
  lighttpd: (root: string, scratch: string, port: number) => {
    const config = `
      server.document-root = "${root}"
      server.bind = "127.0.0.1"
      server.port = ${port}
      server.modules += ( "mod_dirlisting" )
      dir-listing.activate = "enable"
      mimetype.assign = ( ".mp4" => "video/mp4", ".txt" => "text/plain" )`
    return ['-D', '-f', write(scratch, 'lighttpd.conf', config)]
  },
  caddy: (root: string, _scratch: string, port: number) => {
    return ['file-server', '--browse', '--listen', `127.0.0.1:${port}`, '--root', root]
  },
  apache2: (root: string, scratch: string, port: number) => {
    const modules = ['mpm_event', 'authz_core', 'mime', 'dir', 'autoindex']
    const load = (name: string) =>
      `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`
    const config = `
      ServerRoot ${scratch}
      PidFile ${scratch}/apache.pid
      ErrorLog ${scratch}/apache.log
      Mutex file:${scratch} default
      ServerName localhost
      Listen 127.0.0.1:${port}
      ${modules.map(load).join('\n')}
      TypesConfig ${write(scratch, 'mime.types', 'video/mp4 mp4\ntext/plain txt')}
      DocumentRoot ${root}
      <Directory ${root}>
        Require all granted
        Options Indexes
        IndexOptions FancyIndexing HTMLTable
      </Directory>`
    return ['-X', '-f', write(scratch, 'apache.conf', config)]
  },
} as const

export type ListingServer = keyof typeof LISTING_SERVERS

/** Those that are installed here. */
export const installedListingServers: readonly ListingServer[] = (
  Object.keys(LISTING_SERVERS) as ListingServer[]
).filter((name) => findProgram(name) !== null)

/** Serves a directory, its folders included. */
export async function startListingServer(
  name: ListingServer,
  root: string,
  scratch: string,
): Promise<CacheServer> {
  const port = await freePort()
  const env = { ...process.env, HOME: scratch }
  const program = run(findProgram(name) ?? name, LISTING_SERVERS[name](root, scratch, port), {
    env,
  })
  return listening(program, port)
}

function write(directory: string, name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, `${text}\n`)
  return path
}
