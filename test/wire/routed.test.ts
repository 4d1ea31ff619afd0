import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchOnce } from '../support/client.ts'
import { type Program, run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'

const project = fileURLToPath(new URL('../../', import.meta.url))
const script = 'test/wire/servers/guarded.mjs'
const DENO = ['run', '--cached-only', '--no-lock', '--allow-net', '--allow-env', '--allow-read']

const RUNTIMES = (['node', 'bun', 'deno'] as const).filter(isInstalled)

/** How the folder is served behind Hono, each below a path of its name. */
const PLACES = ['files', 'handler', 'match', 'own', 'served']

/** Hosts that lead a URL's parser to another path, or Bun to a URL without a host. */
const HOSTS = ['x?', 'x#', '', 'a b', 'u@h', 'x, y', 'x/', 'x\\']

describe.each(RUNTIMES)('on %s', (name) => {
  let program: Program
  let ports: number[]

  beforeAll(async () => {
    const args = name === 'deno' ? [...DENO, script] : [script]
    program = run(runtimes[name] ?? name, args, { cwd: project })
    const said = await program.says(/^(\d+\n\d+)\n/)
    ports = said.split('\n').map(Number)
  })
  afterAll(() => program.stop())

  const ask = async (port = 0, ...lines: string[]) => {
    const { status, fields, body } = await fetchOnce(port, [...lines, 'Connection: close'])
    const lifetime = fields.find(([field]) => field.toLowerCase() === 'cache-control')?.[1]
    return { status, lifetime, body: String(body) }
  }

  it.each(PLACES)('%s behind Hono serves what it routes', async (place) => {
    const asked = async (path: string) => {
      const { status, body } = await ask(ports[0], `GET /${place}/${path} HTTP/1.1`)
      return [status, body]
    }
    expect(await asked('film.txt')).toEqual([200, 'film'])
    expect(await asked('admin/secret.txt')).toEqual([401, 'not for you'])
  })

  it.each(PLACES)('%s behind Hono serves nothing else, whatever Host says', async (place) => {
    const secret = `/${place}/admin/secret.txt`
    const targets = [secret, `${secret}?:abc/${place}/a/b`]
    // Deno leaves dot segments in every URL, which Hono routes as they are.
    if (name !== 'deno' || place === 'files') targets.push(`/${place}/x/../admin/secret.txt`)
    const asRouted = targets.flatMap((target) => [
      [`GET ${target} HTTP/1.0`],
      ...HOSTS.map((host) => [`GET ${target} HTTP/1.1`, `Host: ${host}`]),
    ])
    const astray = secret.replaceAll('/', '\\')
    const elsewhere = [
      ...['?', '#', '/?', '\\?'].map((end) => [
        `GET /${place}/a/b HTTP/1.1`,
        `Host: x${astray}${end}`,
      ]),
      [`GET http://x${astray}?/${place}/a/b HTTP/1.1`, 'Host: x'],
    ]
    // A lookup that is called by hand can't know whether Bun called, or a router.
    const isByHand = place === 'served' && name === 'bun'
    for (const lines of isByHand ? elsewhere : [...asRouted, ...elsewhere]) {
      const { body } = await ask(ports[0], ...lines)
      expect([lines, body]).not.toEqual([lines, 'secret'])
    }
  })

  it.each([
    'x\\evil.txt?',
    'x/evil.txt?',
    'x\\evil.txt#',
  ])('a handler alone serves the file of the request line, or none: Host: %s', async (host) => {
    const { status, lifetime, body } = await ask(
      ports[1],
      'GET /film.txt HTTP/1.1',
      `Host: ${host}`,
    )
    expect(body).not.toBe('evil')
    // A cache would keep it under the path of the request line.
    if (status === 404) expect(lifetime).toBe('no-store')
  })

  it('a handler alone serves HTTP/1.0 without Host', async () => {
    const { status, body } = await ask(ports[1], 'GET /film.txt HTTP/1.0')
    expect([status, body]).toEqual([200, 'film'])
  })
})
