import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Failure } from '../command/failure.ts'
import { loadHost } from '../command/hosts/host.ts'
import { parseOptions } from '../command/options.ts'
import { findRoot } from '../command/root.ts'
import { fileHandler } from '../src/serve.ts'
import { type RuntimeName, runCommand, startCommand, stopCommands } from './command-process.ts'
import { fetchOnce } from './support/client.ts'
import { someBytes } from './support/counting-source.ts'
import { serving, startOrigin } from './support/faulty-origin.ts'
import { areInstalled } from './support/installed.ts'
import { installedListingServers, startListingServer } from './support/listing-servers.ts'
import { freePort } from './support/ports.ts'
import { type CacheServer, startNginx } from './support/proxies.ts'
import { isInstalled } from './support/runtimes.ts'
import { hasCeph, type S3Server, startCeph, startS3rver } from './support/s3-server.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const names: RuntimeName[] = ['node', 'bun', 'deno']
const runtimes = names.filter(isInstalled)
const FILM = someBytes(3_000_000)
const PATHS = ['Films/film.mp4', 'Films/new/a & b.txt', 'other.txt']

/** What hides the keys of whoever runs the tests. */
const NO_FILES = { AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: '/dev/null' }

afterAll(stopCommands)

let store: S3Server
const key = () => keyOf(store)

beforeAll(async () => {
  store = await startS3rver()
  await store.put('Films/film.mp4', FILM, { 'content-type': 'video/mp4' })
  await store.put('Films/new/a & b.txt', Buffer.from('a & b'))
  await store.put('other.txt', Buffer.from('other'))
}, 60_000)
afterAll(() => store?.stop())

function keyOf({ credentials }: S3Server): Record<string, string> {
  const { accessKeyId, secretAccessKey } = credentials
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
}

/** A command that serves what is elsewhere, and how to ask it. */
async function serve(name: RuntimeName, args: readonly string[], env: Record<string, string> = {}) {
  const running = startCommand(name, [...args, '--port', '0'], env)
  const port = Number(new URL(await running.url).port)
  const ask = async (path: string, ...fields: string[]) => {
    const reply = await fetchOnce(port, [`GET ${path} HTTP/1.1`, ...fields])
    const headers = reply.fields.map(([field, value]) => [field.toLowerCase(), value])
    return { status: reply.status, body: reply.body, headers: Object.fromEntries(headers) }
  }
  return { ...running, ask }
}

type Ask = Awaited<ReturnType<typeof serve>>['ask']

/** What the command does with the files of `Films/`, wherever they are. */
async function expectFilms(ask: Ask): Promise<void> {
  const [whole, part, page, listing, nothing] = [
    await ask('/film.mp4'),
    await ask('/film.mp4', 'Range: bytes=2500000-2500099'),
    await ask('/', 'Accept: text/html'),
    await ask('/new/', 'Accept: application/json'),
    await ask('/none.mp4'),
  ]
  expect(whole.status).toBe(200)
  expect(Buffer.compare(whole.body, FILM)).toBe(0)
  expect([part.status, part.headers['content-range']]).toEqual([
    206,
    'bytes 2500000-2500099/3000000',
  ])
  expect(Buffer.compare(part.body, FILM.subarray(2_500_000, 2_500_100))).toBe(0)
  expect(whole.headers['content-type']).toBe('video/mp4')
  expect(page.body.toString()).toMatch(/<title>Films<\/title>.*film\.mp4/s)
  const [only, ...others] = JSON.parse(listing.body.toString())
  expect([others, only]).toMatchObject([[], { name: 'a & b.txt', type: 'file' }])
  // Apache and lighttpd show rounded sizes only.
  expect([5, undefined]).toContain(only.size)
  expect(nothing.status).toBe(404)
  const archive = await ask('/new/?zip')
  expect([archive.status, archive.headers['content-disposition']]).toEqual([
    200,
    'attachment; filename="new.zip"',
  ])
  expect(archive.body.includes('a & b.txt')).toBe(true)
}

// Each test starts commands of its own, and that is what takes the time.
describe.concurrent('a bucket', () => {
  test.each(runtimes)('is served like a folder, by %s', async (name) => {
    const { ask, log } = await serve(
      name,
      ['s3://films/Films', '--endpoint', store.location.endpoint],
      key(),
    )
    await expectFilms(ask)
    expect((await ask('/other.txt')).status).toBe(404)
    expect(log().join('\n')).not.toMatch(/S3RVER|X-Amz|Signature/i)
  })

  test.each(runtimes)('may be one object, by the key of a profile, by %s', async (name) => {
    const directory = temporaryDirectory()
    const files = {
      AWS_SHARED_CREDENTIALS_FILE: join(directory, 'keys'),
      AWS_CONFIG_FILE: join(directory, 'config'),
    }
    const { accessKeyId, secretAccessKey } = store.credentials
    writeFileSync(
      files.AWS_SHARED_CREDENTIALS_FILE,
      `# keys\n[home]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`,
    )
    writeFileSync(
      files.AWS_CONFIG_FILE,
      `[profile home]\nregion = us-east-1\ns3 =\n  endpoint_url = http://127.0.0.1:1\nendpoint_url = ${store.location.endpoint}\n`,
    )
    const args = ['s3://films/Films/film.mp4', '--profile', 'home']
    const { ask } = await serve(name, args, {
      ...files,
      AWS_ACCESS_KEY_ID: 'other',
      AWS_SECRET_ACCESS_KEY: 'other',
    })
    const page = await ask('/', 'Accept: text/html')
    expect([page.status, (await ask('/film.mp4')).status, (await ask('/new/')).status]).toEqual([
      200, 200, 404,
    ])
  })
})

describe.concurrent('a bucket that asks for a key', () => {
  const store = createServer((_, response) => response.writeHead(403).end())
  beforeAll(() => once(store.listen(0, '127.0.0.1'), 'listening'))
  afterAll(() => store.close())

  async function refusal(name: RuntimeName, args: readonly string[], env: Record<string, string>) {
    const endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    const asked = ['s3://films', '--endpoint', endpoint, '--port', '0', ...args]
    const { code, stdout, stderr } = await startCommand(name, asked, env).ended
    expect([code, stdout]).toEqual([1, ''])
    return stderr.replace(endpoint, 'STORE')
  }

  test('says of a profile, such as one of SSO, that it holds none', async () => {
    const config = join(temporaryDirectory(), 'config')
    writeFileSync(config, '[profile work]\nsso_session = work\nregion = eu-west-1\n')
    const env = { ...NO_FILES, AWS_CONFIG_FILE: config }
    const line =
      'byteserve: the bucket films at STORE needs a key: ' +
      'the profile work holds none, and those of SSO and of roles are not looked up\n'
    expect(await refusal('node', ['--profile', 'work'], env)).toBe(line)
    expect(await refusal('node', [], { ...env, AWS_PROFILE: 'work' })).toBe(line)
  })

  test.runIf(isInstalled('deno'))('says to Deno that it can not see one', async () => {
    expect(await refusal('deno', [], {})).toBe(
      'byteserve: the bucket films at STORE needs a key: ' +
        'AWS_ACCESS_KEY_ID can be seen with --allow-env only\n',
    )
  })
})

describe.runIf(hasCeph).concurrent('a bucket of Ceph', () => {
  let store: S3Server
  beforeAll(async () => {
    store = await startCeph()
    await store.put('Films/film.mp4', FILM, { 'content-type': 'video/mp4' })
    await store.put('Films/new/a & b.txt', Buffer.from('a & b'))
  }, 120_000)
  afterAll(() => store?.stop())

  // Deno may write nothing, unless it is told where.
  test.each(
    runtimes.filter((name) => name !== 'deno'),
  )('is served, with blocks in a directory, by %s', async (name) => {
    const directory = temporaryDirectory()
    const args = ['s3://films/Films/', '--endpoint', store.location.endpoint]
    const { ask } = await serve(name, [...args, '--cache-dir', directory], keyOf(store))
    await expectFilms(ask)
    await until(() => readdirSync(directory).length >= 3)
  })

  test.each<[what: string, env: Record<string, string>, message: RegExp]>([
    ['without a key', {}, / needs a key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, /],
    [
      'with another one',
      { AWS_ACCESS_KEY_ID: 'KEY', AWS_SECRET_ACCESS_KEY: 'hush' },
      / refuses the key of the environment for the bucket films\n$/,
    ],
  ])('is refused at once %s', async (_what, env, message) => {
    const args = ['s3://films', '--endpoint', store.location.endpoint, '--port', '0']
    const { code, stderr } = await startCommand('node', args, { ...NO_FILES, ...env }).ended
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)])
    expect(stderr).not.toContain('hush')
  })
})

describe.concurrent('another server', () => {
  const media = temporaryDirectory()
  const hasNginx = areInstalled('nginx')
  const servers = new Map<string, string>()
  let nginx: CacheServer | null = null
  const others: CacheServer[] = []

  beforeAll(async () => {
    for (const path of PATHS) mkdirSync(join(media, path, '..'), { recursive: true })
    writeFileSync(join(media, PATHS[0] ?? ''), FILM)
    writeFileSync(join(media, PATHS[1] ?? ''), 'a & b')
    writeFileSync(join(media, PATHS[2] ?? ''), 'other')
    const { url } = startCommand('node', [media, '--port', '0', '--log', 'off'])
    servers.set('byteserve', await url)
    await Promise.all(
      installedListingServers.map(async (name) => {
        const server = await startListingServer(name, media, temporaryDirectory())
        others.push(server)
        servers.set(name, `http://127.0.0.1:${server.port}/`)
      }),
    )
    if (!hasNginx) return
    const types = 'types { video/mp4 mp4; text/plain txt; }'
    nginx = await startNginx(
      temporaryDirectory(),
      `server { listen 80; root ${media}; ${types} autoindex on;
        location /json/ { alias ${media}/; autoindex_format json; }
        location /none/ { alias ${media}/; autoindex off; }
        location /private/ { return 401; } }`,
    )
    servers.set('nginx', `http://127.0.0.1:${nginx.port}/`)
    servers.set('nginx, JSON', `http://127.0.0.1:${nginx.port}/json/`)
    servers.set('nginx, none', `http://127.0.0.1:${nginx.port}/none/`)
  }, 60_000)
  afterAll(() => Promise.all([nginx, ...others].map((server) => server?.stop())))

  // What a page looks like does not depend on who reads it.
  const rows = [
    ...runtimes.map((name) => ['byteserve', name] as const),
    ...(hasNginx ? ['nginx', 'nginx, JSON'] : []).map((kind) => [kind, 'node'] as const),
    ...installedListingServers.map((kind) => [kind, 'node'] as const),
  ]

  test.each(rows)('%s is served like a folder, by %s', async (kind, name) => {
    const { ask } = await serve(name, [`${servers.get(kind)}Films`])
    await expectFilms(ask)
    expect((await ask('/other.txt')).status).toBe(404)
  })

  test('gives one file', async () => {
    const { ask } = await serve('node', [`${servers.get('byteserve')}Films/film.mp4?key=hush`])
    const [page, film, none] = [
      await ask('/', 'Accept: text/html'),
      await ask('/film.mp4', 'Range: bytes=0-3'),
      await ask('/other.txt'),
    ]
    expect([page.status, film.status, film.body, none.status]).toEqual([
      200,
      206,
      Buffer.from(FILM.subarray(0, 4)),
      404,
    ])
    expect(page.body.toString()).not.toContain('hush')
  })

  test.runIf(hasNginx)('that lists nothing gives the files whose names are known', async () => {
    const { ask, log } = await serve('node', [`${servers.get('nginx, none')}Films/`])
    const statuses = [(await ask('/', 'Accept: text/html')).status, (await ask('/film.mp4')).status]
    expect(statuses).toEqual([404, 200])
    expect(log()[0]).toMatch(/\/none\/Films\/ lists no folders: its files are found only by /)
  })

  test('is asked once for what is asked for twice', async () => {
    const origin = startCommand('node', [media, '--port', '0'])
    const { ask } = await serve('node', [`${await origin.url}Films/`])
    for (let i = 0; i < 3; i++) await ask('/film.mp4', 'Range: bytes=0-99')
    const uncached = await serve('node', [`${await origin.url}Films/`, '--cache-memory', '0'])
    for (let i = 0; i < 3; i++) await uncached.ask('/film.mp4', 'Range: bytes=0-99')
    const asked = (range: RegExp) => origin.log().filter((line) => range.test(line)).length
    await until(() => asked(/GET +\/Films\/film\.mp4 +bytes=0-99 /) === 3)
    // What was asked before was logged before.
    expect(asked(/GET +\/Films\/film\.mp4 +bytes=0-1048575 /)).toBe(1)
  })

  test.each(
    runtimes,
  )('is not served by %s without the directory that its blocks shall be kept in', async (name) => {
    const file = join(media, PATHS[2] ?? '')
    const outcome = await runCommand(name, [`${servers.get('byteserve')}`, '--cache-dir', file])
    const why = name === 'deno' ? 'Requires write access to ' : 'EEXIST: file already exists, '
    const stderr = expect.stringContaining(`byteserve: can't keep blocks in ${file}: ${why}`)
    expect(outcome).toEqual({ code: 1, stdout: '', stderr })
  })

  test.runIf(process.platform === 'linux')(
    'is not served without one that can be made',
    async () => {
      const args = [`${servers.get('byteserve')}Films/`, '--cache-dir', '/proc/no/blocks']
      const stderr = expect.stringMatching(
        /^byteserve: can't keep blocks in \/proc\/no\/blocks: ENOENT/,
      )
      expect(await runCommand('node', args)).toEqual({ code: 1, stdout: '', stderr })
    },
  )

  test('is served on when the directory of its blocks is gone, which is said once', async () => {
    const directory = join(temporaryDirectory(), 'blocks')
    const args = [`${servers.get('byteserve')}Films/`, '--cache-dir', directory]
    const { ask, log } = await serve('node', args)
    rmSync(directory, { recursive: true })
    writeFileSync(directory, '')
    await expectFilms(ask)
    await expectFilms(ask)
    const said = () =>
      log().filter((line) => line.startsWith('no blocks are kept for now: ENOTDIR: '))
    expect(said().length).toBe(1)
  })

  test('does not get the blocks of another with the same path, tag and size', async ({
    onTestFinished,
  }) => {
    const cacheDirectory = temporaryDirectory()
    for (const text of ['staging', 'product']) {
      const origin = await startOrigin()
      onTestFinished(() => origin.stop())
      origin.behave(serving({ bytes: Buffer.from(text), etag: '"7-0"' }))
      const args = [`${origin.url}films/`, '--cache-dir', cacheDirectory, '--no-page']
      const { ask } = await serve('node', args)
      expect((await ask('/film.mp4')).body.toString()).toBe(text)
      await until(() => readdirSync(cacheDirectory).some((name) => /^[0-9a-f]{64}$/.test(name)))
    }
  })

  test.each(runtimes)('out of reach, it is told why, under %s', async (name) => {
    const unused = `http://127.0.0.1:${await freePort()}`
    const rows: [args: string[], line: string][] = [
      [[`${unused}/films/`], `can't reach ${unused}: nothing listens there`],
      [['s3://films/', '--endpoint', unused], `can't reach ${unused}: nothing listens there`],
      [['http://nope.invalid/'], "can't reach http://nope.invalid: its name can't be resolved"],
    ]
    const outcomes = await Promise.all(rows.map(([args]) => runCommand(name, args)))
    expect(outcomes).toEqual(
      rows.map(([, line]) => ({ code: 1, stdout: '', stderr: `byteserve: ${line}\n` })),
    )
  })

  test('without such a folder, or closed to us, is refused at once', async () => {
    const { stderr } = await runCommand('node', [`${servers.get('byteserve')}none/`])
    expect(stderr).toMatch(/^byteserve: there is nothing at http:\S+\/none\/\n$/)
    if (!hasNginx) return
    const closed = await runCommand('node', [`${servers.get('nginx')}private/`])
    expect(closed.stderr).toMatch(/^byteserve: http:\S+ refuses access \(401\)\n$/)
  })
})

describe('one file', () => {
  test.each([
    ['v0/b/x/o/videos%2Ffilm.mp4?alt=media&token=hush', 'film.mp4'],
    ['a,b;c=1.mp4', 'a,b;c=1.mp4'],
    ['film@2x+1.mp4', 'film@2x+1.mp4'],
    ['caf%c3%a9.mp4', 'café.mp4'],
    ['films/film.mp4', 'film.mp4'],
  ])('is asked for by its URL as it was given: %s', async (path, name) => {
    const origin = await startOrigin()
    origin.behave(serving({ bytes: FILM, etag: '"e"' }))
    try {
      const root = await findRoot(serveOptions([origin.url + path]), await loadHost(), () => {})
      const handler = fileHandler(root.open({}))
      const response = await handler(new Request(`http://localhost/${encodeURIComponent(name)}`))
      expect([root.file, response.status]).toEqual([name, 200])
      expect(Buffer.compare(await response.bytes(), FILM)).toBe(0)
      const none = await handler(new Request('http://localhost/other.mp4'))
      expect(none.status).toBe(404)
      expect(new Set(origin.asked.map((line) => line.split(' ')[1]))).toEqual(new Set([`/${path}`]))
    } finally {
      origin.stop()
    }
  })
})

// Not at once with others: they would be given its environment.
describe('is refused at once', () => {
  const mistakes: [
    what: string,
    path: string,
    env: () => Record<string, string>,
    message: RegExp,
  ][] = [
    ['no bucket', 's3://none/', key, /^there is no bucket none at http:\S+$/],
    ['nothing there', 's3://films/none', key, /^there is nothing at s3:\/\/films\/none$/],
    [
      'half a key',
      's3://films/',
      () => ({ AWS_ACCESS_KEY_ID: 'hush' }),
      /^the access key of the environment has no secret$/,
    ],
    ['no profile', 's3://films/', () => ({ AWS_PROFILE: 'none' }), /^there is no profile none /],
    ['no bucket at all', 's3:films', key, /^expected s3:\/\/BUCKET\/PREFIX, got s3:films$/],
    [
      'nobody there',
      's3://films/',
      () => ({ ...key(), AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }),
      /^can't reach http:\/\/127\.0\.0\.1:1: .*$/,
    ],
    ...[
      'http://127.0.0.1:1/?key=hush',
      'http://127.0.0.1:1/#hush',
      'http://a:hush@127.0.0.1:1',
    ].map((url): (typeof mistakes)[number] => [
      `a store at ${url}`,
      's3://films/',
      () => ({ ...key(), AWS_ENDPOINT_URL: url }),
      /^Expected endpoint to be a URL of http: or https: without credentials, query and fragment$/,
    ]),
  ]
  test.each(mistakes)('a bucket: %s', async (_what, path, env, message) => {
    const { endpoint } = store.location
    const refusal = await refusalOf([path], { AWS_ENDPOINT_URL: endpoint, ...NO_FILES, ...env() })
    expect(refusal).toMatch(message)
    expect(refusal).not.toContain('hush')
  })

  test.each([
    ['http://127.0.0.1:1/films/', /^can't reach http:\/\/127\.0\.0\.1:1: .*$/],
    ['http://me:hush@127.0.0.1:1/?key=hush', /^can't reach http:\/\/127\.0\.0\.1:1: .*$/],
    ['http://', /^expected a URL like https:\/\/host\/films\/$/],
  ])('a server: %s', async (url, message) => {
    const refusal = await refusalOf([url])
    expect(refusal).toMatch(message)
    expect(refusal).not.toContain('hush')
  })
})

function serveOptions(args: readonly string[]) {
  const options = parseOptions(args)
  if (options.kind === 'serve') return options
  throw new Error(`Expected something to serve, got ${options.kind}`)
}

/**
 * Why the command refuses what it is told, as it says it: test/command.test.ts sees that it ends with
 * such a line, and with 1.
 */
async function refusalOf(args: readonly string[], env: Record<string, string> = {}) {
  const options = serveOptions(args)
  for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value)
  try {
    await findRoot(options, await loadHost(), () => {})
  } catch (error) {
    if (error instanceof Failure) return error.message
    throw error
  } finally {
    vi.unstubAllEnvs()
  }
  throw new Error(`Expected a refusal of ${args[0]}`)
}
