import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { CHECK_HELP, type CheckIO, runCheck } from '../command/check.ts'
import { certificate } from './check/certificate.ts'
import { type Fault, startModel } from './check/model-server.ts'
import { runCommand, startCommand, startOnFullDisk, stopCommands } from './command-process.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'

const FILE = { size: 70_000, head: Buffer.alloc(0) }
const TYPE = { 'content-type': 'video/mp4' }

afterAll(stopCommands)

/** Until the end: most of the time is waiting, which overlaps. */
const running: { close(): unknown }[] = []

afterAll(async () => {
  await Promise.all(running.map((server) => server.close()))
})

async function startServer(fault?: Fault): Promise<string> {
  const server = await startModel(FILE, fault)
  running.push(server)
  return server.url
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push({
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const withoutCacheControl: Fault = ({ fields }) => {
  delete fields['cache-control']
}

interface Written {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command as it is, and keeps what it writes. */
async function runHere(
  args: string[],
  io: Partial<CheckIO> & { isTTY?: boolean; columns?: number } = {},
): Promise<Written> {
  const written = { stdout: '', stderr: '' }
  const to = (name: keyof typeof written) => ({
    isTTY: io.isTTY ?? false,
    columns: io.columns ?? 60,
    write(text: string) {
      written[name] += text
    },
  })
  const code = await runCheck(args, {
    stdout: to('stdout'),
    stderr: to('stderr'),
    colours: true,
    ...io,
  })
  return { code, ...written }
}

describe.concurrent('byteserve check', () => {
  it('exits with 0 if all is right, 1 if anything is wrong, 2 if it could not be asked', async () => {
    const [right, wrong] = [await startServer(), await startServer(withoutCacheControl)]
    const gone = new URL(
      '/gone',
      await startServer((plan) => Object.assign(plan, { status: 404 }) && undefined),
    ).href
    const codes = []
    for (const urls of [[right], [wrong], [gone], [right, wrong], [gone, wrong]]) {
      codes.push((await runHere(urls)).code)
    }
    expect(codes).toEqual([0, 1, 2, 1, 2])
  })

  it('prints what is wrong, and with -v what is right, too', async () => {
    const url = await startServer(withoutCacheControl)
    const short = await runHere([url])
    expect(short.stderr).toBe('')
    expect(short.stdout).toContain('Plays and seeks ✓ · Resumes ✓ · Cacheable ✗\n')
    expect(short.stdout).toContain('✗ Cache-Control says how long the file may be kept')
    expect(short.stdout).not.toContain('✓ bytes=0-1')
    const long = await runHere(['-v', url])
    expect(long.stdout).toContain('✓ bytes=0-1 is answered with 206: 206\n')
    // Lines for a shell are one line, whatever the terminal.
    const tooLong = long.stdout.split('\n').filter((line) => line.length > 60)
    expect(tooLong.filter((line) => !/^(?: {2}curl|[✓✗·?] )/.test(line))).toEqual([])
  })

  it('a terminal that does not know its width has 80 columns', async () => {
    const { stdout } = await runHere([await startServer(withoutCacheControl)], { columns: 0 })
    expect(stdout).toContain(
      '  Browsers guess: for a tenth of its age they show the old file without asking.\n',
    )
  })

  it('colours and progress are for terminals', async () => {
    const url = await startServer(withoutCacheControl)
    const terminal = await runHere([url], { isTTY: true })
    expect(terminal.stdout).toContain('\x1b[31m✗\x1b[0m')
    const [before, first, ...others] = terminal.stderr.split('\r\x1b[K')
    expect([before, first, others.at(-1)]).toEqual(['', `1 opening ${url}`, ''])
    expect(Math.max(...others.map(({ length }) => length))).toBeLessThan(60)
    const plain = await runHere([url], { isTTY: true, colours: false })
    expect(plain.stdout).not.toContain('\x1b')
    const piped = await runHere([url])
    expect(piped.stdout + piped.stderr).not.toContain('\x1b')
  })

  it('prints no part of a password, whatever is in it', async () => {
    const url = new URL(await startServer())
    const passwords = ['p@ssw0rd', 'p/ssw0rd', 'p?ssw0rd', 'p#ssw0rd', 'p\\ssw0rd', 'p:@:ssw0rd']
    for (const password of passwords) {
      // Most of these are no URL, but an attempt at one.
      const withUser = `http://me:${password}@${url.host}/film.mp4`
      for (const args of [[withUser], ['--json', withUser]]) {
        const { stdout, stderr } = await runHere(args, { isTTY: true })
        expect([password, /ssw0rd/.test(stdout + stderr)]).toEqual([password, false])
      }
    }
  })

  it('--json is one list, of what could not be asked, too', async () => {
    const url = await startServer(withoutCacheControl)
    const { code, stdout, stderr } = await runHere([
      '--json',
      url,
      'http://me:secret@nope.invalid/',
    ])
    expect([code, stderr]).toEqual([2, ''])
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({
        url,
        passed: false,
        verdicts: { plays: 'pass', resumes: 'pass', caches: 'fail', cors: null },
      }),
      {
        url: 'http://nope.invalid/',
        error: "can't check http://nope.invalid/: can't resolve nope.invalid",
      },
    ])
  })

  it('sends header fields, prints none of them, and asks for an origin', async () => {
    const seen = new Set<string | undefined>()
    const url = await startServer((plan, asked) => {
      seen.add(`${asked.header('x-key')} ${asked.header('cookie')} ${asked.header('origin')}`)
      delete plan.fields['access-control-allow-origin']
    })
    const args = [
      '--header',
      'X-Key: s3cret: 1',
      '--header',
      'Cookie:c00kie',
      '--origin',
      'https://app.example/x',
    ]
    const { code, stdout } = await runHere([...args, url])
    expect([...seen]).toEqual([
      's3cret: 1 c00kie https://app.example',
      // As browsers ask for permission.
      'undefined undefined https://app.example',
    ])
    expect(code).toBe(1)
    expect(stdout).toContain('Cross-origin ✗')
    expect(stdout).toContain("-H 'X-Key: YOUR X-KEY' -H 'Cookie: YOUR COOKIE'")
    expect(stdout).not.toMatch(/s3cret|c00kie/)
  })

  it('takes a URL without its scheme, as curl does', async () => {
    const { stdout, code } = await runHere([(await startServer()).replace('http://', '')])
    expect([code, stdout.slice(0, 17)]).toEqual([0, 'http://127.0.0.1:'])
  })

  it.each([
    [[], 'expected the URL of a file'],
    [['--hedaer', 'a: b', 'http://x/'], "Unknown option '--hedaer'"],
    [['http://x/', '--origin'], '--origin needs a value'],
    [['--timeout', '-1', 'http://x/'], '--timeout needs a value that does not begin with a dash'],
    [['--header', 'Bearer secret', 'http://x/'], "--header takes 'Name: value'"],
    ...['x', '0x10', '1e1', ' 7 ', '', '0', '600.1', 'Infinity'].map(
      (seconds): [string[], string] => [
        ['--timeout', seconds, 'http://x/'],
        '--timeout takes seconds, up to 600',
      ],
    ),
  ])('%o is a mistake', async (args, message) => {
    const stderr = `byteserve: ${message}; see byteserve check --help\n`
    expect(await runHere(args)).toEqual({ code: 2, stdout: '', stderr })
  })

  it.each([
    [['--header', 'Range: secret', 'http://x/'], 'Range is for the check to send'],
    [['ftp://me:secret@x/'], "Expected a URL of http or https, got 'ftp://x/'"],
    [['--origin', 'app', 'http://x/'], "Expected an origin as https://app.example, got 'app'"],
    [
      ['--origin', 'https://user:secret@h:x', 'http://x/'],
      "Expected an origin as https://app.example, got 'https://h:x'",
    ],
  ])('%o is refused', async (args, message) => {
    const stderr = `byteserve: ${message}\n`
    expect(await runHere(args)).toEqual({ code: 2, stdout: '', stderr })
  })

  it('tells whoever names a file that a server is asked', async () => {
    const stderr =
      "byteserve: can't check http://media..invalid/film.mp4: can't resolve media..invalid; " +
      'if that is a file, serve it first, and check the URL of the server\n'
    // No name server is asked for a name like this.
    expect(await runHere(['media..invalid/film.mp4'])).toEqual({ code: 2, stdout: '', stderr })
  })

  it('--help fits a screen', async () => {
    expect(await runHere(['--help'])).toEqual({ code: 0, stdout: CHECK_HELP, stderr: '' })
    const lines = CHECK_HELP.split('\n')
    expect(lines.length).toBeLessThanOrEqual(25)
    expect(lines.filter(({ length }) => length > 100)).toEqual([])
  })
})

describe.concurrent.each(
  (['node', 'bun', 'deno'] as const).filter(isInstalled),
)('under %s', (name) => {
  it('the command tells right from wrong', async () => {
    const right = await runCommand(name, ['check', await startServer()])
    expect([right.code, right.stderr]).toEqual([0, ''])
    expect(right.stdout).toContain('Plays and seeks ✓ · Resumes ✓ · Cacheable ✓')
    const wrong = await runCommand(name, ['check', await startServer(withoutCacheControl)])
    expect([wrong.code, wrong.stderr]).toEqual([1, ''])
    expect(wrong.stdout).toContain('(cache-control)')
    const none = await runCommand(name, ['check', 'http://nope.invalid/'])
    const stderr = "byteserve: can't check http://nope.invalid/: can't resolve nope.invalid\n"
    expect(none).toEqual({ code: 2, stdout: '', stderr })
  })

  it.runIf(existsSync('/dev/full'))('a report on a full disk is none', async () => {
    const url = await startServer()
    for (const args of [[url], ['--json', url], ['--help']]) {
      const told = /^byteserve: can't write to standard output: .*no space left on device.*\n$/i
      const outcome = await startOnFullDisk(name, ['check', ...args]).ended
      expect(outcome).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(told) })
    }
  })

  it('the command says what is in the way', async () => {
    const self = `https://${await listen(createHttpsServer(certificate(), (_, response) => response.writeHead(200, TYPE).end('abc')))}/`
    const secure = `https://${await listen(createSecureServer(certificate()))}/`
    const plain = `http://${await listen(createHttp2Server())}/`
    const http = `https://${await listen(createHttpServer())}/`
    const silent = `http://${await listen(createHttpServer(() => {}))}/`
    const rows: [args: string[], says: RegExp][] = [
      [[self], /its certificate is not to be trusted: .*; --insecure asks it all the same$/m],
      [['--insecure', secure], /it speaks HTTP\/2 only/],
      [[plain], /it speaks HTTP\/2 only/],
      [[http], /no TLS connection: what answers does not speak it; is it http: rather/],
      [['--timeout', '1', silent], /no answer within 1 s$/m],
    ]
    for (const [args, says] of rows) {
      const outcome = await runCommand(name, ['check', ...args])
      expect(outcome).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(says) })
    }
    const asked = await runCommand(name, ['check', '--insecure', self])
    expect([asked.code, asked.stderr]).toEqual([1, ''])
  })

  it('the command ends at once when it is interrupted', async () => {
    const server = createHttpServer(() => {})
    const asked = once(server, 'request')
    const url = `http://${await listen(server)}/`
    const { child, ended } = startCommand(name, ['check', '--timeout', '600', url])
    await asked
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: null, stdout: '', stderr: '' })
    // Which a shell calls 130.
    expect(child.signalCode).toBe('SIGINT')
  })

  it('byteserve/check sees what is on the wire', async () => {
    const script = fileURLToPath(new URL('programs/checked.mjs', import.meta.url))
    const flags =
      name === 'deno' ? ['run', '--allow-net', '--allow-read', '--no-lock', '--cached-only'] : []
    // What fetch hides, and node:http on some runtimes.
    const faults: [row: string, fault: Fault][] = [
      [
        'known-length',
        ({ status, fields }) => {
          if (status === 200) delete fields['content-length']
        },
      ],
      [
        'content-length',
        (plan) => {
          if (plan.status === 206) plan.surplus = 'x'
        },
      ],
    ]
    for (const [row, fault] of faults) {
      const program = run(runtimes[name] ?? '', [...flags, script, await startServer(fault)])
      const { stdout, stderr } = await program.ended
      expect(stderr).toBe('')
      const { rows } = JSON.parse(stdout)
      const failed = rows.filter(({ outcome }: { outcome: string }) => outcome === 'fail')
      expect(failed.map(({ id }: { id: string }) => id)).toEqual([row])
    }
  })
})
