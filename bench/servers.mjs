// Who is measured. Each is a process of its own that serves a directory on 127.0.0.1 and prints
// `PORT=12345`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { node, startServer } from './proc.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
export const bun = firstOf(
  '../node_modules/bun/bin/bun.exe',
  '../node_modules/@oven/bun-linux-x64/bin/bun',
)
export const deno = firstOf(
  '../node_modules/@deno/linux-x64-glibc/deno',
  '../node_modules/deno/deno',
)

const DENO_FLAGS = ['run', '-A', '--no-lock', '--cached-only']

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {string} title
 * @property {'node' | 'nginx' | 'go' | 'bun' | 'deno' | 'workers'} family
 * @property {string} [twin] the name of the one that runs the same code
 * @property {boolean} [ours]
 * @property {string} [large] the file that takes the place of the 1 GiB one
 * @property {(dir: string) => Promise<import('./proc.mjs').Running>} start
 */

/** @type {Server[]} */
export const servers = [
  ...twins('fetch', 'byteserve, fileHandler on @hono/node-server', 'node', onNode('node-fetch')),
  ...twins('native', 'the same, native', 'node', onNode('node-fetch', 'native')),
  ...twins('direct', 'byteserve, nodeListener', 'node', onNode('node-direct')),
  ...twins('command', 'byteserve, the command with its log', 'node', startCommand),
  { name: 'send', title: 'send', family: 'node', start: onNode('send') },
  { name: 'express', title: 'express.static', family: 'node', start: onNode('express') },
  { name: 'sirv', title: 'sirv', family: 'node', start: onNode('sirv') },
  { name: 'fastify', title: '@fastify/static', family: 'node', start: onNode('fastify') },
  { name: 'hono', title: 'hono serveStatic', family: 'node', start: onNode('hono') },
  {
    name: 'remix',
    title: 'remix createFileResponse on hono',
    family: 'node',
    start: onNode('remix'),
  },
  { name: 'bare', title: 'node:http from memory, no file', family: 'node', start: onNode('bare') },
  { name: 'nginx', title: 'nginx, sendfile', family: 'nginx', start: onNginx('sendfile on;') },
  {
    name: 'nginx-copy',
    title: 'nginx, sendfile off, 512 KiB buffers',
    family: 'nginx',
    start: onNginx('sendfile off; output_buffers 2 512k;'),
  },
  { name: 'go', title: 'Go net/http', family: 'go', start: onGo },
  ...twins('bun', 'byteserve, bunDirectory', 'bun', onBun('bun-byteserve')),
  {
    name: 'bun-bare',
    title: 'new Response(Bun.file(p).slice(a, b))',
    family: 'bun',
    start: onBun('bun-bare'),
  },
  {
    name: 'bun-alike',
    title: 'the same, looked up, with the same fields',
    family: 'bun',
    start: onBun('bun-bare', 'alike'),
  },
  ...twins('deno', 'byteserve, denoDirectory, native', 'deno', onDeno('deno-byteserve', 'native')),
  {
    name: 'deno-exact',
    title: 'byteserve, denoDirectory',
    family: 'deno',
    ours: true,
    start: onDeno('deno-byteserve'),
  },
  { name: 'deno-naive', title: 'Deno file.readable', family: 'deno', start: onDeno('deno-naive') },
  ...twins('worker', 'byteserve, r2Bucket', 'workers', onWorkerd('byteserve'), 'mega.mp4'),
  {
    name: 'worker-bare',
    title: 'new Response(object.body)',
    family: 'workers',
    large: 'mega.mp4',
    start: onWorkerd('bare'),
  },
  {
    name: 'worker-alike',
    title: 'the same, with the same fields',
    family: 'workers',
    large: 'mega.mp4',
    start: onWorkerd('alike'),
  },
]

/**
 * The servers of another checkout of byteserve, such as an older one, each twice: `old-fetch`, …
 *
 * @param {string} checkout built, with its `bench/node_modules`
 * @returns {Server[]}
 */
export function serversOf(checkout) {
  const script = (name) => join(checkout, 'bench/servers', `${name}.mjs`)
  return [
    ...twins('old-fetch', 'fetch of the other checkout', 'node', (dir) =>
      startServer(node, [script('node-fetch'), dir]),
    ),
    ...twins('old-direct', 'direct of the other checkout', 'node', (dir) =>
      startServer(node, [script('node-direct'), dir]),
    ),
    ...twins('old-bun', 'bun of the other checkout', 'bun', (dir) =>
      startServer(bun, [script('bun-byteserve'), dir]),
    ),
    ...twins('old-deno', 'deno of the other checkout', 'deno', (dir) =>
      startServer(deno, [...DENO_FLAGS, script('deno-byteserve'), dir, 'native']),
    ),
    ...twins(
      'old-worker',
      'worker of the other checkout',
      'workers',
      (dir) => startServer(node, [script('worker'), dir, 'byteserve']),
      'mega.mp4',
    ),
  ]
}

/** The same server twice: what differs between the two is noise. */
function twins(name, title, family, start, large) {
  return [
    { name, title, family, ours: true, start, large },
    {
      name: `${name}-twin`,
      title: `${title} (twin)`,
      family,
      ours: true,
      twin: name,
      start,
      large,
    },
  ]
}

function onNode(script, ...args) {
  return (dir) => startServer(node, [at(`servers/${script}.mjs`), dir, ...args])
}

function startCommand(dir) {
  return startServer(node, [at('../dist/command/byteserve.js'), dir, '--port', '0'])
}

function onBun(script, ...args) {
  return (dir) => startServer(expectInstalled(bun), [at(`servers/${script}.mjs`), dir, ...args])
}

function onDeno(script, ...args) {
  return (dir) =>
    startServer(expectInstalled(deno), [...DENO_FLAGS, at(`servers/${script}.mjs`), dir, ...args])
}

function onWorkerd(mode) {
  return (dir) => startServer(node, [at('servers/worker.mjs'), dir, mode])
}

function onNginx(directives) {
  return (dir) => startNginx(dir, directives)
}

/**
 * `tcp_nopush` stays off: with it and the large packets of the loopback, every response of 64 KiB
 * waits some 40 ms for an acknowledgement.
 */
export async function startNginx(dir, directives, tls) {
  const nginx = firstInPath('nginx', '/usr/sbin/nginx')
  const port = await freePort()
  const home = join(dir, '..', `nginx-${port}`)
  mkdirSync(join(home, 'tmp'), { recursive: true })
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path tmp/${name};`)
    .join(' ')
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; worker_processes 1; pid nginx.pid; error_log stderr warn;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events { worker_connections 4096; }
     http {
       ${temp} access_log off; ${directives} tcp_nodelay on; tcp_nopush off;
       keepalive_requests 10000000; open_file_cache max=100; open_file_cache_valid 1s;
       types { video/mp4 mp4; }
       server { listen 127.0.0.1:${port} ${tls ? 'ssl http2' : ''} backlog=2048; root ${dir};
                ${tls ? `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};` : ''} }
     }`,
  )
  const args = ['-p', home, '-c', 'nginx.conf', '-e', 'stderr']
  return startServer(nginx, args, { port })
}

async function onGo(dir) {
  const go = firstInPath('go', '/usr/local/go/bin/go')
  const binary = join(dir, '..', 'go-server')
  if (!existsSync(binary)) {
    const { status, stderr } = spawnSync(go, ['build', '-o', binary, at('servers/main.go')], {
      encoding: 'utf8',
      env: { ...process.env, GO111MODULE: 'off' },
    })
    if (status !== 0) throw new Error(stderr)
  }
  return startServer(binary, [dir], { env: { GOMAXPROCS: '1' } })
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function firstOf(...paths) {
  return paths.map(at).find((path) => existsSync(path))
}

function firstInPath(name, ...paths) {
  const { stdout } = spawnSync('which', [name], { encoding: 'utf8' })
  return expectInstalled([stdout.trim(), ...paths].find((path) => path !== '' && existsSync(path)))
}

function expectInstalled(path) {
  if (path === undefined) throw new Error('not installed')
  return path
}

/** What ran, for the report. */
export function versions() {
  const first = (command, args, pattern = /.+/) => {
    const { stdout, stderr, error } = spawnSync(command ?? 'false', args, { encoding: 'utf8' })
    return error ? 'absent' : (pattern.exec(`${stdout}${stderr}`)?.[0] ?? 'absent')
  }
  return {
    node: first(node, ['-v']),
    bun: first(bun, ['--version']),
    deno: first(deno, ['-V'], /[\d.]+/),
    nginx: first('/usr/sbin/nginx', ['-v'], /[\d.]+/),
    go: first('go', ['version'], /go[\d.]+/),
  }
}
