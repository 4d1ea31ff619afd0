import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect as expectOf, test } from 'vitest'
import { certificate } from './check/certificate.ts'
import {
  MORE_THAN_SOCKETS_HOLD,
  type RuntimeName,
  runCommand,
  startCommand,
  stopCommands,
} from './command-process.ts'
import { fetchOnce } from './support/client.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { areInstalled } from './support/installed.ts'
import { type CacheServer, startNginx } from './support/proxies.ts'
import { isInstalled } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const PATIENT = { timeout: 30_000 }
const MIB = 1024 * 1024
const names: RuntimeName[] = ['node', 'bun', 'deno']
const media = temporaryDirectory()
/** A folder of one file, of which more than sockets hold is not sent while nobody reads. */
const large = temporaryDirectory()

beforeAll(() => {
  mkdirSync(join(media, 'sub'))
  writeFileSync(join(media, 'film.mp4'), 'a film')
  writeFileSync(join(media, 'sub', 'other.txt'), 'another')
  writeFileSync(join(media, '.hidden'), 'hidden')
  writeFileSync(join(media, 'a\\b.mp4'), 'a film')
  for (const file of ['app.js', 'app.mjs', 'app.css']) writeFileSync(join(media, file), '')
  symlinkSync(join(media, 'sub', 'other.txt'), join(media, 'link.txt'))
  writeFileSync(join(media, 'big.bin'), '')
  truncateSync(join(media, 'big.bin'), 8 * MIB)
  writeFileSync(join(large, 'large.bin'), '')
  truncateSync(join(large, 'large.bin'), MORE_THAN_SOCKETS_HOLD)
  const { cert, key } = certificate()
  writeFileSync(join(media, '.cert.pem'), cert)
  writeFileSync(join(media, '.key.pem'), key)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const other = privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(join(media, '.other-key.pem'), other)
  writeFileSync(join(media, '.password'), 'me:secret\n')
})

afterAll(stopCommands)

describe.concurrent.each(names.filter(isInstalled))('byteserve under %s', (name) => {
  async function serve(args: readonly string[], env: Record<string, string> = {}) {
    const running = startCommand(name, [...args, '--port', '0'], env)
    return { ...running, url: await running.url }
  }

  const shared = new Map<string, Promise<string>>()
  /** Where a command with these options is: one for all the tests that do no more than ask it. */
  function urlOf(...args: string[]): Promise<string> {
    const options = args.join(' ')
    const url = shared.get(options) ?? serve([media, ...args]).then(({ url }) => url)
    shared.set(options, url)
    return url
  }
  // Each pair has nothing to do with each other.
  const named = ['--allow-host', 'films.example', '--cache', '60']
  const open = ['--cors', '--max-ranges', '1']

  const sent = (bytes: number) => (name === 'node' ? bytes : null)

  test('one file is served alone, with a page', async ({ expect }) => {
    const { url } = await serve([join(media, 'film.mp4')])
    const paths = ['film.mp4', '', 'big.bin', 'sub/other.txt', 'sub/', '.hidden']
    const answers = paths.map(async (path) => {
      const { status, body } = await ask(url + path, { accept: 'text/html' })
      return [status, body.slice(0, 15)]
    })
    expect(await Promise.all(answers)).toEqual([
      [200, 'a film'],
      [200, '<!doctype html>'],
      [404, ''],
      [404, ''],
      [404, ''],
      [404, ''],
    ])
    const program = await ask(url, { accept: 'application/json' })
    const entry = { name: 'film.mp4', type: 'file', size: 6, mtime: expect.any(String) }
    expect(JSON.parse(program.body)).toEqual([entry])
    const listed = await serve([join(media, 'film.mp4'), '--listing'])
    const { status, body } = await ask(listed.url, { accept: 'text/html' })
    expect([status, body.match(/href="[^"]*"/g)]).toEqual([200, ['href="film.mp4"']])
    const link = await serve([join(media, 'link.txt')])
    expect((await ask(`${link.url}other.txt`)).body).toBe('another')
  })

  test('what is stored encoded goes to those who take it, but not for one file', async ({
    expect,
  }) => {
    const folder = temporaryDirectory()
    const text = 'text\n'.repeat(1000)
    const path = join(folder, 'notes.txt')
    writeFileSync(path, text)
    writeFileSync(join(folder, 'index.html'), text)
    for (const file of ['notes.txt', 'index.html']) {
      writeFileSync(join(folder, `${file}.gz`), gzipSync(text))
    }
    const all = await serve([folder])
    const one = await serve([path])
    const fields = { 'accept-encoding': 'gzip' }
    const sizes = [`${all.url}notes.txt`, all.url, `${one.url}notes.txt`].map(async (url) => {
      const { headers } = await ask(url, { accept: 'text/html', ...fields })
      return [headers['content-encoding'], Number(headers['content-length'])]
    })
    const size = gzipSync(text).length
    expect(await Promise.all(sizes)).toEqual([
      ['gzip', size],
      ['gzip', size],
      [undefined, text.length],
    ])
    const plain = await ask(`${all.url}notes.txt`, {})
    expect([plain.headers.vary, plain.body]).toEqual(['Accept-Encoding', text])
  })

  test.each([
    ['.hidden', 'is hidden: hidden files are not served'],
    ['a\\b.mp4', "can't be served: no URL can name it"],
  ])('one file called %s is refused', async (file, why) => {
    const path = join(media, file)
    expectOf(await runCommand(name, [path])).toEqual({
      code: 1,
      stdout: '',
      stderr: `byteserve: ${path} ${why}\n`,
    })
  })

  test('files are asked for anew, unless --cache says how long they keep', async ({ expect }) => {
    const fieldOf = async (...args: string[]) => {
      return (await ask(`${await urlOf(...args)}film.mp4`)).headers['cache-control']
    }
    expect(await fieldOf()).toBe('no-cache')
    expect(await fieldOf(...named)).toBe('max-age=60')
  })

  test('who says no host is answered, as HTTP/1.0 allows', async ({ expect }) => {
    const { port } = new URL(await urlOf(...named))
    const { status, body } = await fetchOnce(Number(port), ['GET /film.mp4 HTTP/1.0'])
    expect([status, String(body)]).toEqual([200, 'a film'])
  })

  test('the page of another site gets nothing by a name of its own', async ({ expect }) => {
    const url = await urlOf(...named)
    const { port } = new URL(url)
    const statusFor = async (host: string, path = 'film.mp4') =>
      (await ask(url + path, { host })).status
    expect(
      await Promise.all([
        statusFor(`127.0.0.1:${port}`),
        statusFor(`localhost:${port}`),
        statusFor('films.example'),
        statusFor('evil.example'),
        statusFor(`evil.example:${port}`, ''),
        statusFor('evil.example', 'film.mp4?events=abcd'),
        statusFor('evil.example', 'sub'),
      ]),
    ).toEqual([200, 200, 200, 403, 403, 403, 403])
  })

  test('a password is asked for, from wherever it came', async ({ expect }) => {
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`
    const running = await Promise.all([
      serve([media, '--auth', 'me:secret']),
      serve([media, '--auth', `@${join(media, '.password')}`]),
      serve([media], { BYTESERVE_AUTH: 'me:secret' }),
    ])
    const answers = running.flatMap(({ url }) => [
      ask(`${url}film.mp4`),
      ask(url),
      ask(`${url}film.mp4`, { authorization }),
    ])
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses).toEqual([401, 401, 200, 401, 401, 200, 401, 401, 200])
  })

  test('--log json is a line of JSON for each request, --log off none', async ({ expect }) => {
    const { url, log, child, ended } = await serve([media, '--log', 'json'])
    await ask(`${url}film.mp4`, { range: 'bytes=0-1' })
    await ask(`${url}nope`)
    await expect.poll(() => log().length, PATIENT).toBe(2)
    child.kill('SIGINT')
    await ended
    expect(log().map((line) => JSON.parse(line))).toMatchObject([
      {
        client: '127.0.0.1',
        method: 'GET',
        url: '/film.mp4',
        range: 'bytes=0-1',
        status: 206,
        announced: 2,
        sent: sent(2),
      },
      { method: 'GET', status: 404, sent: 0, aborted: false, error: null },
    ])
    // All that there is to say, by this process and by a worker.
    const env = { BYTESERVE_AUTH: 'me:secret' }
    for (const workers of ['1', '2']) {
      const args = ['--log', 'json', '--host', '0.0.0.0', '--workers', workers]
      const running = await serve([media, ...args], env)
      await ask(`${running.url}film.mp4`)
      running.child.kill('SIGINT')
      const { stderr } = await running.ended
      const lines = stderr
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
      const notices = lines.flatMap(({ notice }) => notice ?? [])
      expect(notices).toContainEqual(expect.stringMatching(/^anyone who knows the password /))
      expect(lines.length).toBe(notices.length + 1)
    }
    const quiet = await serve([media, '--log', 'off'])
    await ask(`${quiet.url}film.mp4`)
    quiet.child.kill('SIGINT')
    expect(await quiet.ended).toEqual({ code: 0, stdout: `${quiet.url}\n`, stderr: '' })
  })

  test('--cors lets the pages of other sites read, --max-ranges limits what they ask', async ({
    expect,
  }) => {
    const url = await urlOf(...open)
    const { headers } = await ask(`${url}film.mp4`, { origin: 'https://app.example' })
    expect(headers['access-control-allow-origin']).toBe('*')
    const statuses = ['bytes=0-0', 'bytes=0-0,2-2'].map(async (range) => {
      return (await ask(`${url}film.mp4`, { range })).status
    })
    expect(await Promise.all(statuses)).toEqual([206, 200])
    const preflight = await fetch(`${url}film.mp4`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    })
    // The star is for any field but a password.
    const allowed = preflight.headers.get('access-control-allow-headers') ?? ''
    expect(allowed.split(', ')).toEqual(expect.arrayContaining(['Range', '*', 'Authorization']))
  })

  // Bun and Deno keep it for longer, and say nothing.
  test.runIf(name === 'node')(
    'an idle connection outlives those of a load balancer',
    async ({ expect }) => {
      const { headers } = await fetch(`${await urlOf()}film.mp4`)
      expect(headers.get('keep-alive')).toBe('timeout=65')
    },
  )

  test('the page of another site can run no script and use no style, unless --cors lets it', async ({
    expect,
  }) => {
    const policies = async (...args: string[]) => {
      const url = await urlOf(...args)
      const answers = ['app.js', 'app.mjs', 'app.css', 'film.mp4'].map((path) => ask(url + path))
      const fields = (await Promise.all(answers)).map(({ headers }) => headers)
      return fields.map((field) => field['cross-origin-resource-policy'])
    }
    expect(await policies()).toEqual(['same-site', 'same-site', 'same-site', undefined])
    expect(await policies(...open)).toEqual(Array(4).fill('cross-origin'))
  })

  test.runIf(canCountHandles)(
    'a file that is asked for as a folder leaves nothing open',
    async ({ expect }) => {
      const { url, child } = await serve([large])
      for (let i = 0; i < 20; i++) expect((await ask(`${url}large.bin/`)).status).toBe(404)
      const opened = () => openHandles(join(large, 'large.bin'), child.pid)
      await expect.poll(opened, PATIENT).toBe(0)
    },
  )

  test('folders are a page, a listing or nothing', async ({ expect }) => {
    const textFor = async (...args: string[]) => {
      const { status, body } = await ask(await urlOf(...args), { accept: 'text/html' })
      return [status, /<title>(.*)<\/title>/.exec(body)?.[1]?.slice(0, 10)]
    }
    expect(await textFor()).toEqual([200, 'byteserve-'])
    expect(await textFor('--listing')).toEqual([200, 'Index of /'])
    expect(await textFor('--no-page')).toEqual([404, undefined])
  })

  test('HTTPS, and HTTP/2 where the runtime has it', async ({ expect }) => {
    const tls = ['--cert', join(media, '.cert.pem'), '--key', join(media, '.key.pem')]
    const { url } = await serve([media, ...tls])
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/)
    const options = { rejectUnauthorized: false }
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      https.get(`${url}film.mp4`, options, resolve).on('error', reject)
    })
    expect([incoming.statusCode, await text(incoming)]).toEqual([200, 'a film'])
    // Bun.serve has no HTTP/2.
    if (name === 'bun') return
    const session = http2.connect(url, options)
    const stream = session.request({ ':path': '/film.mp4', range: 'bytes=2-' })
    const status = new Promise((resolve) => {
      stream.once('response', (fields) => resolve(fields[':status']))
    })
    expect([await status, await text(stream)]).toEqual([206, 'film'])
    const page = session.request({ ':path': '/', accept: 'text/html' })
    expect((await text(page)).slice(0, 15)).toBe('<!doctype html>')
    const { port } = new URL(url)
    const evil = session.request({ ':path': '/film.mp4', ':authority': `evil.example:${port}` })
    expect(await text(evil)).toContain('--allow-host evil.example')
    session.destroy()
  })

  test('a key of another certificate is refused, by the names of both options', async ({
    expect,
  }) => {
    const tls = ['--cert', join(media, '.cert.pem'), '--key', join(media, '.other-key.pem')]
    const { code, stdout, stderr } = await runCommand(name, [media, ...tls, '--port', '0'])
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      expect.stringMatching(
        /^byteserve: can't listen on .*, with the files of --cert and --key: .+\n$/,
      ),
    ])
  })

  // Bun and Deno take it for gone, and offer nothing against that.
  test.runIf(name === 'node')(
    'a client that has said all, and closed its side, gets the whole body',
    async ({ expect }) => {
      const socket = connect({
        port: Number(new URL(await urlOf()).port),
        host: '127.0.0.1',
        allowHalfOpen: true,
      })
      socket.end('GET /big.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      let received = 0
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      await new Promise((resolve) => socket.once('close', resolve))
      expect(received).toBeGreaterThan(8 * MIB)
    },
  )

  test('Ctrl-C breaks off a download, and the log says so', async ({ expect }) => {
    const { url, child, ended } = await serve([large])
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET /?zip HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect({ code, logged: stderr.match(/GET +\/\?zip .*/)?.[0] }).toEqual({
      code: 0,
      logged: expect.stringMatching(/ 200 +\d+ B .* aborted$/),
    })
    socket.destroy()
  })

  test('a page that listens does not keep it from ending, nor is it in the log', async ({
    expect,
  }) => {
    const { url, log, child, ended } = await serve([media])
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${url}film.mp4?events=abcd`, resolve).on('error', reject).end()
    })
    const events = text(incoming)
    await ask(`${url}film.mp4?view=abcd`, { range: 'bytes=1-2' })
    await expect.poll(() => log().length, PATIENT).toBe(1)
    // One that waits for 5 s, and was told before to end, ends after.
    const waiting = await serve([large])
    const download = connect(Number(new URL(waiting.url).port), '127.0.0.1')
    download.on('error', () => {}).write('GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(download, 'readable')
    waiting.child.kill('SIGTERM')
    child.kill('SIGTERM')
    expect(await events).toContain('"range":"bytes=1-2","status":206,"start":1,"end":3')
    const first = Promise.race([
      ended.then(({ code }) => `the page's ${code}`),
      waiting.ended.then(() => 'the other'),
    ])
    expect(await first).toBe("the page's 0")
    expect(log().length).toBe(1)
    download.destroy()
  })
})

describe.runIf(areInstalled('nginx'))('behind nginx, as docs/command.md has it', () => {
  let url = ''
  let nginx: CacheServer | undefined
  const headers = { host: 'films.example' }

  beforeAll(async () => {
    const { url: own } = startCommand('node', [media, '--port', '0', '--allow-host', headers.host])
    const docs = readFileSync(new URL('../docs/command.md', import.meta.url), 'utf8')
    const [, server = ''] = /^```nginx\n(.*?)^```$/ms.exec(docs) ?? []
    const upstream = server.replace('http://127.0.0.1:8080/', await own)
    nginx = await startNginx(temporaryDirectory(), upstream)
    url = `http://127.0.0.1:${nginx.port}/films/`
  })
  afterAll(() => nginx?.stop())

  test('a page has relative links, which lead to its files', async ({ expect }) => {
    const page = await ask(url, { ...headers, accept: 'text/html' })
    const links = Array.from(page.body.matchAll(/\b(?:href|src)="([^"]*)"/g), ([, to = '']) => to)
    expect(links).toContain('film.mp4')
    expect(links.filter((link) => link.startsWith('/'))).toEqual([])
    const film = await ask(`${url}film.mp4`, { ...headers, range: 'bytes=2-' })
    expect([page.status, film.status, film.body]).toEqual([200, 206, 'film'])
  })

  test('events come as they happen', async () => {
    const asked = request(`${url}film.mp4?events=abcd`, { headers, agent: false }).end()
    const [incoming] = await once(asked, 'response')
    let heard = ''
    incoming.setEncoding('utf8').on('data', (text: string) => (heard += text))
    await until(() => heard.startsWith('event: file\n'))
    await ask(`${url}film.mp4?view=abcd`, { ...headers, range: 'bytes=1-2' })
    await until(() => /"range":"bytes=1-2",.*"state":"done"/.test(heard))
    asked.destroy()
  })
})

/** Asks with exactly these fields, which fetch would not let us set. */
async function ask(url: string, headers: Record<string, string> = {}) {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { headers, agent: false }, resolve).on('error', reject).end()
  })
  return { status: incoming.statusCode, headers: incoming.headers, body: await text(incoming) }
}
