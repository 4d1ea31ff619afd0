import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Server } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import express from 'express'
import { Hono } from 'hono'
import { serve as srvx } from 'srvx'
import { staticMiddleware } from 'srvx/static'
import { nodeDirectory, nodeListener } from '../../adapters/node.ts'
import { startCommand } from '../command-process.ts'
import { freePort } from '../support/ports.ts'
import { type Program, run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'
import { eventually } from '../support/wait.ts'

/** A server of a directory's files, in the state in which it is installed. */
export interface FileServer {
  /** As in the table of docs/check.md. */
  readonly name: string
  /** Whether it can be started here. */
  readonly isInstalled: boolean
  /** Whether CI has to have it. */
  readonly isRequired: boolean
  /** Starts it on 127.0.0.1; its port, and how to stop it. */
  readonly start: (root: string, scratch: string) => Promise<Started>
}

interface Started {
  readonly port: number
  stop(): unknown
}

/** Servers are for administrators: they may be where nobody else looks. */
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }

export const FILE_SERVERS: readonly FileServer[] = [
  installed('nginx', 'nginx', (root, scratch, port) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const config = `
daemon off; pid ${scratch}/nginx.pid; error_log ${scratch}/nginx.log;
events {}
http {
  include /etc/nginx/mime.types; access_log off;
  ${temporary.map((name) => `${name}_temp_path ${scratch}/${name};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${root}; }
}`
    return ['-c', write(scratch, 'nginx.conf', config)]
  }),
  installed('Apache', 'apache2', (root, scratch, port) => {
    const modules = ['mpm_event', 'authz_core', 'mime', 'dir']
    const config = `
ServerRoot ${scratch}
PidFile ${scratch}/apache.pid
ErrorLog ${scratch}/apache.log
Mutex file:${scratch} default
ServerName localhost
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
TypesConfig ${write(scratch, 'mime.types', 'video/mp4 mp4')}
DocumentRoot ${root}
<Directory ${root}>
  Require all granted
</Directory>`
    return ['-X', '-f', write(scratch, 'apache.conf', config)]
  }),
  installed('Caddy', 'caddy', (root, _scratch, port) => {
    return ['file-server', '--listen', `127.0.0.1:${port}`, '--root', root]
  }),
  installed('lighttpd', 'lighttpd', (root, scratch, port) => {
    const config = `
server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
mimetype.assign = ( ".mp4" => "video/mp4" )`
    return ['-D', '-f', write(scratch, 'lighttpd.conf', config)]
  }),
  inProcess('Express, express.static', (root) =>
    express().use(express.static(root)).listen(0, '127.0.0.1'),
  ),
  inProcess('Hono on Node, serveStatic', (root) => {
    const app = new Hono().use(serveStatic({ root }))
    return serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  }),
  inProcess('byteserve, nodeDirectory', (root) => {
    return createServer(nodeListener(nodeDirectory(root))).listen(0, '127.0.0.1')
  }),
  ...(['node', 'bun', 'deno'] as const).map(
    (name): FileServer => ({
      name: `byteserve, the command on ${{ node: 'Node', bun: 'Bun', deno: 'Deno' }[name]}`,
      isInstalled: isInstalled(name),
      isRequired: true,
      async start(root) {
        const { url, child, ended } = startCommand(name, [root, '--port', '0', '--log', 'off'])
        const stop = async () => {
          child.kill()
          await ended
        }
        return { port: Number(new URL(await url).port), stop }
      },
    }),
  ),
  inProcess('srvx, staticMiddleware', (root) => {
    const server = srvx({
      fetch: () => new Response(null, { status: 404 }),
      middleware: [staticMiddleware({ dir: root })],
      hostname: '127.0.0.1',
      port: 0,
      silent: true,
    })
    return server.node?.server as Server
  }),
  ...['file', 'route', 'directory'].map(
    (kind): FileServer => ({
      name:
        {
          file: 'Bun, Bun.file',
          route: 'Bun, route of a file',
          directory: 'Bun, route of a directory',
        }[kind] ?? kind,
      isInstalled: runtimes.bun !== null,
      isRequired: true,
      async start(root) {
        const script = fileURLToPath(new URL('bun-server.mjs', import.meta.url))
        const program = run(runtimes.bun ?? '', [script, kind, root])
        const port = Number(await program.says(/^PORT=(\d+)/))
        return { port, stop: () => program.stop() }
      },
    }),
  ),
]

/** A program of Debian's, told its port. */
function installed(
  name: string,
  command: string,
  configure: (root: string, scratch: string, port: number) => string[],
): FileServer {
  return {
    name,
    isInstalled: spawnSync('sh', ['-c', `command -v ${command}`], { env: ENV }).status === 0,
    isRequired: command === 'nginx',
    async start(root, scratch) {
      const port = await freePort()
      const program = run(command, configure(root, scratch, port), {
        env: { ...ENV, HOME: scratch },
      })
      await eventually(`${name} to listen`, () => accepts(port, program))
      return { port, stop: () => program.stop('SIGTERM') }
    },
  }
}

function inProcess(name: string, listen: (root: string) => Server): FileServer {
  return {
    name,
    isInstalled: true,
    isRequired: true,
    async start(root) {
      const server = listen(root)
      if (!server.listening) await once(server, 'listening')
      return { port: (server.address() as AddressInfo).port, stop: () => server.close() }
    },
  }
}

function write(directory: string, name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, `${text}\n`)
  return path
}

/** True once a program listens; null while it does not. */
function accepts(port: number, program: Program): Promise<true | null> {
  if (!program.isAlive()) throw new Error(`Expected a server, got: ${program.stderr()}`)
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => socket.destroy()).on('connect', () => resolve(true))
    socket.on('error', () => resolve(null))
  })
}
