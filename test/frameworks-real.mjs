// Installs, builds and starts the frameworks that docs/frameworks.md shows and the test suite only
// compiles, and asks each for a film over a raw socket. By hand, since it takes minutes and the
// network:
//
//   npm run build && node test/frameworks-real.mjs [--in=DIR] [name…]
//
// DIR is kept, so that a second run installs nothing. It needs Node 22.17 and Linux.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'

const root = resolve(import.meta.dirname, '..')

/** The files that docs/frameworks.md shows, by the names in their first lines. */
const shown = new Map(
  Array.from(
    readFileSync(join(root, 'docs/frameworks.md'), 'utf8').matchAll(
      /^```ts\n\/\/ (\S+)\n(.*?)^```$/gms,
    ),
    ([, name, code]) => [name, code],
  ),
)

const FRAMEWORKS = {
  'nitro-2': {
    packages: ['nitropack@2.13.6'],
    files: {
      'nitro.config.ts': `export default { srcDir: 'server', compatibilityDate: '2026-11-01' }`,
      'server/middleware/media.ts': shown.get('server/middleware/media.ts'),
    },
    build: ['nitropack/dist/cli/index.mjs', 'build'],
    start: ['.output/server/index.mjs'],
  },
  'nitro-3': {
    packages: ['nitro@3.0.0'],
    files: {
      'nitro.config.ts': `export default { scanDirs: ['server'], compatibilityDate: '2026-11-01' }`,
      'server/middleware/films.ts': shown.get('server/middleware/films.ts'),
    },
    build: ['nitro/dist/cli/index.mjs', 'build'],
    start: ['.output/server/index.mjs'],
  },
  sveltekit: {
    packages: [
      '@sveltejs/kit@3.2.0',
      '@sveltejs/adapter-node@6.0.1',
      '@sveltejs/vite-plugin-svelte',
      'svelte@5.57.3',
      'vite@8.4.0',
    ],
    files: {
      'vite.config.js': `import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'
export default { plugins: [sveltekit({ adapter: adapter() })] }`,
      'src/app.html': '<!doctype html>%sveltekit.head%<body>%sveltekit.body%',
      'src/routes/media/[...path]/+server.ts': shown.get('src/routes/media/[...path]/+server.ts'),
    },
    build: ['vite/bin/vite.js', 'build'],
    start: ['build/index.js'],
  },
  astro: {
    packages: ['astro@7.3.5', '@astrojs/node@11.1.6'],
    files: {
      'astro.config.mjs': `import node from '@astrojs/node'
export default { output: 'server', adapter: node({ mode: 'standalone' }) }`,
      'src/pages/media/[...path].ts': shown.get('src/pages/media/[...path].ts'),
    },
    build: ['astro/bin/astro.mjs', 'build'],
    start: ['dist/server/entry.mjs'],
  },
  'astro-middleware': {
    packages: ['astro@7.3.5', '@astrojs/node@11.1.6'],
    files: {
      'astro.config.mjs': `import node from '@astrojs/node'
export default { output: 'server', adapter: node({ mode: 'middleware' }) }`,
      'src/pages/index.astro': '<h1>Home</h1>',
      'server.ts': shown.get('server.ts'),
    },
    build: ['astro/bin/astro.mjs', 'build'],
    start: ['server.ts'],
  },
  'next-pages': {
    packages: ['next@16.4.6', 'react@19', 'react-dom@19', 'typescript@5.9', '@types/react@19'],
    files: {
      'pages/api/media/[...path].ts': shown.get('pages/api/media/[...path].ts'),
      'pages/index.js': 'export default () => null',
    },
    build: ['next/dist/bin/next', 'build'],
    start: ['node_modules/next/dist/bin/next', 'start'],
    path: '/api/media',
  },
  'next-app': {
    packages: ['next@16.4.6', 'react@19', 'react-dom@19', 'typescript@5.9', '@types/react@19'],
    files: {
      'app/media/[...path]/route.ts': shown.get('app/media/[...path]/route.ts'),
      'app/layout.js':
        'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
      'app/page.js': 'export default () => null',
    },
    build: ['next/dist/bin/next', 'build'],
    start: ['node_modules/next/dist/bin/next', 'start'],
  },
  'react-router': {
    packages: ['react-router', '@react-router/node', '@react-router/serve', '@react-router/dev']
      .map((name) => `${name}@8.4.0`)
      .concat('react@19', 'react-dom@19', 'isbot@5', 'vite@8.4.0'),
    files: {
      'vite.config.js': `import { reactRouter } from '@react-router/dev/vite'
export default { plugins: [reactRouter()] }`,
      'app/root.jsx': `import { Outlet } from 'react-router'
export default () => <html lang="en"><body><Outlet/></body></html>`,
      'app/routes.ts': `import { route } from '@react-router/dev/routes'
export default [route('media/*', './media.ts')]`,
      'app/media.ts': shown.get('app/media.ts'),
    },
    build: ['@react-router/dev/bin.cjs', 'build'],
    start: ['node_modules/@react-router/serve/bin.cjs', './build/server/index.js'],
  },
  tanstack: {
    packages: ['@tanstack/react-start@1.169.5', '@tanstack/react-router', 'srvx@1.0.8'].concat(
      'react@19',
      'react-dom@19',
      'vite@8.4.0',
      '@vitejs/plugin-react',
    ),
    files: {
      'vite.config.js': `import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
export default { plugins: [tanstackStart(), react()] }`,
      'src/router.jsx': `import { createRouter } from '@tanstack/react-router'
import { routeTree } from './routeTree.gen'
export const getRouter = () => createRouter({ routeTree })`,
      'src/routes/__root.jsx': `import { createRootRoute, Outlet } from '@tanstack/react-router'
const component = () => <html lang="en"><body><Outlet/></body></html>
export const Route = createRootRoute({ component })`,
      'src/routes/media/$.ts': shown.get('src/routes/media/$.ts'),
      'serve.mjs': `import { serve } from 'srvx'
import app from './dist/server/server.js'
serve({ fetch: app.fetch, port: process.env.PORT, hostname: '127.0.0.1' })`,
    },
    build: ['vite/bin/vite.js', 'build'],
    start: ['serve.mjs'],
  },
  nest: {
    packages: ['core', 'common', 'platform-express']
      .map((name) => `@nestjs/${name}@12.5.1`)
      .concat('reflect-metadata', 'rxjs'),
    files: {
      'src/main.ts': shown.get('src/main.ts'),
      'src/app.module.js': `import 'reflect-metadata'
import { Module } from '@nestjs/common'
export class AppModule {}
Module({})(AppModule)`,
    },
    start: ['src/main.ts'],
  },
}

const SIZE = 64 * 1024 * 1024
const film = Buffer.alloc(SIZE)
for (let i = 0; i < SIZE; i += 4) film.writeUInt32LE((i * 2654435761) % 2 ** 32, i)

const given = process.argv.slice(2)
const base = given.find((argument) => argument.startsWith('--in='))?.slice('--in='.length)
const chosen = given.filter((argument) => !argument.startsWith('--'))
const folder = base ?? mkdtempSync(join(tmpdir(), 'byteserve-frameworks-'))
const tarball = pack()
for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  if (chosen.length === 0 || chosen.includes(name)) await tryOut(name, framework)
}

/** The package as it would be published. */
function pack() {
  mkdirSync(folder, { recursive: true })
  const flags = ['--ignore-scripts', '--pack-destination', folder, '--silent']
  return join(
    folder,
    execute('npm', ['pack', ...flags], root)
      .trim()
      .split('\n')
      .at(-1),
  )
}

async function tryOut(name, { packages, files, build, start, path = '/media' }) {
  const project = join(folder, name)
  for (const [file, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(project, file)), { recursive: true })
    if (file !== 'package.json' || !existsSync(join(project, file))) {
      writeFileSync(join(project, file), text)
    }
  }
  mkdirSync(join(project, 'media'), { recursive: true })
  writeFileSync(join(project, 'media/film.mp4'), film)
  writeFileSync(join(project, 'media/page.txt'), 'text '.repeat(20_000))
  writeFileSync(join(project, 'media/cut.mp4'), film)
  for (const file of ['film.mp4', 'cut.mp4', 'page.txt']) {
    utimesSync(join(project, 'media', file), 1_700_000_000, 1_700_000_000)
  }
  const flags = ['--no-audit', '--no-fund', '--loglevel=error']
  const missing = existsSync(join(project, 'node_modules/.package-lock.json')) ? [] : packages
  execute('npm', ['install', ...flags, ...missing, tarball], project)
  const begun = performance.now()
  const [script, ...rest] = build ?? []
  if (script) execute('node', [join(project, 'node_modules', script), ...rest], project)
  const seconds = ((performance.now() - begun) / 1000).toFixed(0)
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), HOST: '127.0.0.1', NODE_ENV: 'production' }
  const server = spawn('node', start, { cwd: project, env, stdio: ['pipe', 'inherit', 'inherit'] })
  try {
    console.log(`\n${name} (${packages.join(' ')}), built in ${seconds} s`)
    await until(() => ask(port, 'HEAD', path).catch(() => null))
    await report(port, path, server.pid, project)
  } catch (error) {
    console.log('  FAILED', error)
  } finally {
    server.kill('SIGKILL')
  }
}

/** What it answers, each with what matters of its fields; `!` where that is wrong. */
async function report(port, path, pid, project) {
  const before = residentBytes(pid)
  const paused = await Promise.all(Array.from({ length: 8 }, () => pause(port, `${path}/film.mp4`)))
  await after(2000)
  const grown = Math.round((residentBytes(pid) - before) / 2 ** 20)
  console.log(`  ${grown < 200 ? ' ' : '!'} 8 clients that read nothing: ${grown} MiB more`)
  for (const socket of paused) socket.destroy()
  const whole = await ask(port, 'GET', `${path}/film.mp4`)
  const etag = whole.headers.etag ?? ''
  const part = film.subarray(1000, 1010)
  const rows = [
    ['whole', whole, whole.status === 200 && whole.body.equals(film)],
    ...[
      ['HEAD', 'HEAD', 'film.mp4', [], 200, Buffer.alloc(0)],
      ['range', 'GET', 'film.mp4', ['Range: bytes=1000-1009'], 206, part],
      ['suffix', 'GET', 'film.mp4', ['Range: bytes=-500'], 206, film.subarray(-500)],
      ['large range', 'GET', 'film.mp4', ['Range: bytes=1000-'], 206, film.subarray(1000)],
      [
        'range, If-Range',
        'GET',
        'film.mp4',
        ['Range: bytes=1000-1009', `If-Range: ${etag}`],
        206,
        part,
      ],
      ['304', 'GET', 'film.mp4', [`If-None-Match: ${etag}`], 304, Buffer.alloc(0)],
      ['416', 'GET', 'film.mp4', [`Range: bytes=${SIZE}-`], 416, Buffer.alloc(0)],
      ['404', 'GET', 'none.mp4', [], 404, null],
      ['text, gzip accepted', 'GET', 'page.txt', ['Accept-Encoding: gzip'], 200, null],
      [
        'its range',
        'GET',
        'page.txt',
        ['Accept-Encoding: gzip', 'Range: bytes=5-9'],
        206,
        Buffer.from('text '),
      ],
    ].map(([what, method, file, fields, status, body]) => async () => {
      const answer = await ask(port, method, `${path}/${file}`, fields)
      return [what, answer, answer.status === status && (body === null || answer.body.equals(body))]
    }),
  ]
  for (const row of rows) {
    const [what, { status, headers, body }, isRight] = typeof row === 'function' ? await row() : row
    const told = [
      'content-length',
      'transfer-encoding',
      'content-encoding',
      'accept-ranges',
      'etag',
    ]
    const fields = told.flatMap((name) => (headers[name] ? `${name}: ${headers[name]}` : []))
    console.log(
      `  ${isRight ? ' ' : '!'} ${what}: ${status}, ${body.length} B; ${fields.join('; ')}`,
    )
  }
  for (let i = 0; i < 20; i++) await hangUp(port, `${path}/film.mp4`)
  const isClosed = await until(() => descriptorsOf(pid, 'film.mp4') === 0).catch(() => false)
  const isSeen = await breakOff(port, `${path}/cut.mp4`, join(project, 'media/cut.mp4'))
  console.log(`  ${isSeen ? ' ' : '!'} a file that is cut short: the client sees it: ${isSeen}`)
  const { status } = await ask(port, 'HEAD', `${path}/film.mp4`)
  console.log(
    `  ${isClosed ? ' ' : '!'} after 20 hang-ups: ${status}, files left open: ${!isClosed}`,
  )
}

/** An answer as it is on the wire, with its chunks undone. */
function ask(port, method, path, fields = []) {
  return new Promise((resolve, reject) => {
    const chunks = []
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(30_000, () => socket.destroy(new Error(`${method} ${path} hangs`)))
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...fields]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const all = Buffer.concat(chunks)
      const end = all.indexOf('\r\n\r\n')
      if (end < 0) return reject(new Error(`Expected a head, got ${all.length} bytes`))
      const [first, ...others] = all.subarray(0, end).toString('latin1').split('\r\n')
      const headers = Object.fromEntries(
        others.map((line) => [line.split(':', 1)[0].toLowerCase(), line.replace(/^.*?:\s*/, '')]),
      )
      const rest = all.subarray(end + 4)
      const body = headers['transfer-encoding'] === 'chunked' ? withoutChunks(rest) : rest
      resolve({ status: Number(first.split(' ')[1]), headers, body })
    })
  })
}

function withoutChunks(bytes) {
  const parts = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n', at)
    const length = Number.parseInt(bytes.subarray(at, end).toString(), 16)
    if (!length) break
    parts.push(bytes.subarray(end + 2, end + 2 + length))
    at = end + 2 + length + 2
  }
  return Buffer.concat(parts)
}

/** Asks for all, and reads no further than the first bytes. */
function pause(port, path) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    socket.on('error', reject)
    socket.once('data', () => resolve(socket.pause()))
  })
}

/** Asks for all, and leaves once the first bytes are there. */
function hangUp(port, path) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    socket.once('data', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

/** Whether a client can tell that a file became shorter while it was sent. */
async function breakOff(port, path, file) {
  const socket = await pause(port, path)
  const chunks = []
  truncateSync(file, 1000)
  socket.on('data', (chunk) => chunks.push(chunk)).resume()
  await new Promise((resolve) => socket.on('close', resolve).on('end', () => socket.destroy()))
  const rest = Buffer.concat(chunks)
  return rest.length < SIZE / 2 && !rest.subarray(-8).toString('latin1').endsWith('\r\n0\r\n\r\n')
}

/** Of a process and its children. */
function residentBytes(pid) {
  const [, kib = 0] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), kib * 1024)
}

function childrenOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean)
}

/** How often a process and its children have a file open. */
function descriptorsOf(pid, name) {
  const own = readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith(name)
    } catch {
      return false
    }
  })
  const below = childrenOf(pid).map((child) => descriptorsOf(child, name))
  return own.length + below.reduce((sum, count) => sum + count, 0)
}

async function until(condition) {
  for (let left = 200; left > 0; left--) {
    const value = await condition()
    if (value) return value
    await after(100)
  }
  throw new Error('Waited for 20 s')
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** @returns what it writes */
function execute(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}
