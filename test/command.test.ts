import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { externalUrls } from '../command/address.ts'
import { HELP } from '../command/options.ts'
import {
  MORE_THAN_SOCKETS_HOLD as BIG,
  columns,
  type RuntimeName,
  runCommand,
  startCommand,
  startOnFullDisk,
  stopCommands,
} from './command-process.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { freePort } from './support/ports.ts'
import { isInstalled } from './support/runtimes.ts'
import { eventually, until } from './support/wait.ts'

const film = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
const names: RuntimeName[] = ['node', 'bun', 'deno']
const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
const hasIpv6 = addresses.some(({ address }) => address === '::1')

/** The user that Unix calls nobody. */
const NOBODY = 65_534

const PATIENT = { timeout: 30_000 }
/** What has 5 s to end may not get on in time on a busy machine: the best of three counts. */
const IN_TIME = { retry: 2 }

let media = ''

beforeAll(() => {
  media = mkdtempSync(join(tmpdir(), 'byteserve-command-'))
  writeFileSync(join(media, 'film.mp4'), film)
  writeFileSync(join(media, 'big.bin'), '')
  truncateSync(join(media, 'big.bin'), BIG)
  mkdirSync(join(media, 'site'))
  writeFileSync(join(media, 'site', 'index.html'), '<h1>mine</h1>')
})

afterAll(async () => {
  await stopCommands()
  rmSync(media, { recursive: true })
})

describe.concurrent.each(names.filter(isInstalled))('byteserve under %s', (name) => {
  /** Starts on a free port; the URL, and the command. */
  async function serve(...args: string[]) {
    const running = startCommand(name, [...args, '--port', '0'])
    return { ...running, url: await running.url }
  }

  /** What a log says was sent of a body: Bun and Deno take it over and tell nothing. */
  const sent = (bytes: number) => (name === 'node' ? `${bytes} B` : `announced ${bytes} B`)

  test('prints its URL first, serves ranges, and logs a line for each request', async ({
    expect,
  }) => {
    const { url, log, child, ended } = await serve(media)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    const part = await fetch(`${url}film.mp4`, { headers: { range: 'bytes=990-' } })
    expect({
      status: part.status,
      range: part.headers.get('content-range'),
      type: part.headers.get('content-type'),
      bytes: new Uint8Array(await part.arrayBuffer()),
    }).toEqual({
      status: 206,
      range: 'bytes 990-999/1000',
      type: 'video/mp4',
      bytes: film.slice(990),
    })
    await (await fetch(`${url}film.mp4?t=1`)).arrayBuffer()
    await fetch(`${url}film.mp4`, { method: 'HEAD' })
    await fetch(`${url}site/../f%69lm.mp4`, { headers: { range: 'bytes=1000-' } })
    await fetch(`${url}n%C3%B6`)
    await expect.poll(() => log().length, PATIENT).toBe(5)
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: 0, stdout: `${url}\n`, stderr: `${log().join('\n')}\n` })
    expect(log().map(columns)).toEqual([
      ['TIME', 'GET', '/film.mp4', 'bytes=990-', '206', sent(10), 'DURATION'],
      ['TIME', 'GET', '/film.mp4?t=1', '-', '200', sent(1000), 'DURATION'],
      ['TIME', 'HEAD', '/film.mp4', '-', '200', '0 B', 'DURATION'],
      ['TIME', 'GET', '/f%69lm.mp4', 'bytes=1000-', '416', '0 B', 'DURATION'],
      ['TIME', 'GET', '/n%C3%B6', '-', '404', '0 B', 'DURATION'],
    ])
  })

  test('/ is a page that answers as a file does: HEAD, 304, ranges', async ({ expect }) => {
    const folder = mkdtempSync(join(media, 'page-'))
    writeFileSync(join(folder, 'film.mp4'), film)
    const { url } = await serve(folder)
    const asked = { accept: 'text/html' }
    const page = await fetch(url, { headers: asked })
    const html = await page.text()
    const etag = page.headers.get('etag') ?? ''
    expect(html).toContain('<video controls preload="metadata" src="film.mp4"')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; /)
    const head = await fetch(url, { method: 'HEAD', headers: asked })
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(html)))
    const same = await fetch(`${url}?x`, { headers: { ...asked, 'if-none-match': etag } })
    const start = await fetch(url, {
      headers: { ...asked, range: 'bytes=0-14', 'if-range': etag },
    })
    expect([same.status, start.status, await start.text()]).toEqual([304, 206, '<!doctype html>'])
    writeFileSync(join(folder, 'new.webm'), 'new')
    const changed = await fetch(url, { headers: { ...asked, 'if-none-match': etag } })
    expect([changed.status, await changed.text()]).toEqual([
      200,
      expect.stringContaining('new.webm'),
    ])
  })

  test('the script of the page is one that a browser can and may run', async ({ expect }) => {
    const { url } = await serve(media)
    const page = await fetch(url, { headers: { accept: 'text/html' } })
    const [, script = ''] = /<script type="module">(.*)<\/script>/s.exec(await page.text()) ?? []
    // What it is made of is the text of a function, as each runtime writes it.
    expect(() => new Script(script)).not.toThrow()
    expect(script).toMatch(/^function fold\(text\) \{.*\nstartPage\(\)$/s)
    const hash = createHash('sha256').update(script).digest('base64')
    expect(page.headers.get('content-security-policy')).toContain(`script-src 'sha256-${hash}';`)
  })

  test('a name of this machine is no reason to warn', async ({ expect }) => {
    const { url, log, child, ended } = await serve(media, '--host', 'localhost')
    expect(url).toMatch(/^http:\/\/localhost:\d+\/$/)
    await (await fetch(`${url}film.mp4`)).arrayBuffer()
    await expect.poll(() => log().length, PATIENT).toBe(1)
    child.kill('SIGINT')
    await ended
    expect(log().map((line) => columns(line)[1])).toEqual(['GET'])
  })

  test('a failure is told in the line of its request, and nowhere else', async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), 'byteserve-command-'))
    const { url, log, child, ended } = await serve(folder)
    rmSync(folder, { recursive: true })
    expect((await fetch(url)).status).toBe(503)
    await expect.poll(() => log().length, PATIENT).toBeGreaterThan(0)
    child.kill('SIGINT')
    await ended
    const failure = expect.stringMatching(/^failed: Expected a directory, found nothing at /)
    const line = ['TIME', 'GET', '/', '-', '503', '0 B', 'DURATION', failure]
    expect(log().map(columns)).toEqual([line])
  })

  test('/ is the index.html of a directory that has one', async ({ expect }) => {
    const { url } = await serve(join(media, 'site'))
    const page = await fetch(url)
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<h1>mine</h1>',
    ])
  })

  test.runIf(hasIpv6)('an IPv6 host stands in brackets', async ({ expect }) => {
    const { url } = await serve(media, '--host', '::1')
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/$/)
    const part = await fetch(`${url}film.mp4`, { headers: { range: 'bytes=-1' } })
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(film.slice(-1))
  })

  test('options that change nothing are named at the start', async ({ expect }) => {
    const { log, child, ended } = await serve(
      media,
      '--endpoint',
      'http://store/',
      '--profile',
      'a',
    )
    await expect.poll(log, PATIENT).toEqual(['without effect here: --endpoint, --profile'])
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
  })

  test('on all addresses, it says where it is found, what is read there, and by whom', async ({
    expect,
  }) => {
    const folder = mkdtempSync(join(media, 'two\nlines-'))
    writeFileSync(join(folder, 'film.mp4'), film)
    symlinkSync(folder, `${folder}.link`)
    const { url, log, child, ended } = await serve(`${folder}.link`, '--host', '0.0.0.0')
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    const { port } = new URL(url)
    // Deno would ask for --allow-sys; it is not asked.
    const interfaces = name === 'deno' ? {} : networkInterfaces()
    const urls = externalUrls('0.0.0.0', '0.0.0.0', Number(port), interfaces)
    const warning = `anyone who can reach port ${port} of this machine can read ${realpathSync(folder).replace('\n', '\\u{a}')}`
    await (await fetch(`${url}film.mp4`)).arrayBuffer()
    await expect.poll(() => log().length, PATIENT).toBe(urls.length + 2)
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: 0, stdout: `${url}\n`, stderr: `${log().join('\n')}\n` })
    const [line = '', ...before] = log().reverse()
    expect(before.reverse()).toEqual([...urls, warning])
    expect(columns(line)).toEqual([
      'TIME',
      '127.0.0.1',
      'GET',
      '/film.mp4',
      '-',
      '200',
      sent(1000),
      'DURATION',
    ])
  })

  test('what may not be read is not served', async ({ expect, skip }) => {
    // Whoever is root may read all. Another user may not be able to read the project.
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
    const version = await startCommand(name, ['--version'], {}, user).ended.catch(() => null)
    if (version?.code !== 0) skip(`another user can't run the command under ${name}`)
    const folder = mkdtempSync(join(media, 'secret-'))
    const file = join(folder, 'film.mp4')
    writeFileSync(file, film)
    chmodSync(file, 0)
    chmodSync(folder, 0o711)
    chmodSync(media, 0o755)
    const refused = (path: string) => ({
      code: 1,
      stdout: '',
      stderr: `byteserve: no permission to read ${path}\n`,
    })
    const results = [folder, file].map((path) => startCommand(name, [path], {}, user).ended)
    expect(await Promise.all(results)).toEqual([refused(folder), refused(file)])
  })

  test('what may not be read is left out of archives, which are whole, and named once', async ({
    expect,
    skip,
  }) => {
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
    const version = await startCommand(name, ['--version'], {}, user).ended.catch(() => null)
    if (version?.code !== 0) skip(`another user can't run the command under ${name}`)
    const folder = mkdtempSync(join(media, 'partly-'))
    mkdirSync(join(folder, 'lost+found'))
    for (const file of ['a.txt', 'secret.txt', 'z.txt']) writeFileSync(join(folder, file), file)
    for (const path of ['lost+found', 'secret.txt']) chmodSync(join(folder, path), 0)
    for (const path of [folder, media]) chmodSync(path, 0o755)
    const running = startCommand(name, [folder, '--port', '0'], {}, user)
    const url = await running.url
    const head = await fetch(`${url}?zip`, { method: 'HEAD' })
    const bytes = Buffer.from(await (await fetch(`${url}?zip`)).arrayBuffer())
    const has = ['a.txt', 'z.txt', 'secret.txt', 'lost'].map((path) => bytes.includes(path))
    expect([head.headers.get('content-length'), has]).toEqual([
      String(bytes.length),
      [true, true, false, false],
    ])
    running.child.kill('SIGINT')
    const { stderr } = await running.ended
    expect(
      stderr
        .split('\n')
        .filter((line) => line.includes('left out'))
        .toSorted(),
    ).toEqual([
      'left out of archives, as it may not be read: lost+found',
      'left out of archives, as it may not be read: secret.txt',
    ])
  })

  test('a mistake is one line on standard error: 2 for usage, 1 for what is not to be had', async ({
    expect,
  }) => {
    const occupied = createServer().listen(0, '127.0.0.1')
    await once(occupied, 'listening')
    const address = occupied.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const choice = 'choose another with --port N, or 0 for any free port'
    const rows: [args: string[], code: number, line: string][] = [
      [[media, '--prot', '1'], 2, "Unknown option '--prot'; see byteserve --help"],
      [[join(media, 'no\nway')], 1, `${media}/no\\u{a}way does not exist`],
      [[join(media, 'film.mp4', 'x')], 1, `ENOTDIR: not a directory, stat '${media}/film.mp4/x'`],
      [['/dev/null'], 1, '/dev/null is neither a directory nor a file'],
      [
        [media, '--auth', `@${media}/none`],
        1,
        `can't read the file of --auth: ${media}/none does not exist`,
      ],
      [['help'], 1, 'help does not exist; see byteserve --help'],
      [
        ['ftp://me:hush@x/'],
        1,
        'expected a path, or a URL of http:, https: or s3:, got one of ftp:',
      ],
      [[media, '--port', port], 1, `port ${port} is in use; ${choice}`],
      [[media, '--host', 'no host'], 1, "can't resolve no host"],
      [[media, '--host', 'nope.invalid'], 1, "can't resolve nope.invalid"],
      [[media, '--host', '192.0.2.1'], 1, '192.0.2.1 is not an address of this machine'],
      [[media, '--host', 'fe80::1'], 1, 'fe80::1 is not an address of this machine'],
    ]
    const outcomes = await Promise.all(rows.map(([args]) => runCommand(name, args)))
    occupied.close()
    expect(outcomes).toEqual(
      rows.map(([, code, line]) => ({ code, stdout: '', stderr: `byteserve: ${line}\n` })),
    )
  })

  test('a mistake is told without the password of a URL', async ({ expect }) => {
    const url = 'https://user:secret@host/a@b'
    const shown = 'https://host/a@b'
    const rows: [args: string[], code: number, line: string][] = [
      [
        [media, url],
        2,
        `expected one DIR or FILE, got a second: '${shown}'; to check a URL, say byteserve check URL; see byteserve --help`,
      ],
      [
        [media, '--allow-host', url],
        2,
        `--allow-host takes the name of a host, not '${shown}'; see byteserve --help`,
      ],
      [[media, '--host', url], 1, `can't resolve ${shown}`],
      [[`./${url}`], 1, `./${shown} does not exist`],
      [['s3://KEY:1/secret@bucket/'], 1, 'expected s3://BUCKET/PREFIX'],
    ]
    const outcomes = await Promise.all(rows.map(([args]) => runCommand(name, args)))
    expect(outcomes).toEqual(
      rows.map(([, code, line]) => ({ code, stdout: '', stderr: `byteserve: ${line}\n` })),
    )
  })

  test('--help and --version print to standard output', async ({ expect }) => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(manifest)
    const help = await runCommand(name, [media, '--help'])
    expect(help).toEqual({ code: 0, stdout: HELP, stderr: '' })
    expect(await runCommand(name, ['--version'])).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
  })

  test('a request can write neither control characters nor columns into the log', async ({
    expect,
  }) => {
    const { url, log } = await serve(media)
    const target = '/film.mp4?\x9b2J%0Afake\x85  aborted'
    await exchange(url, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    const range = 'bytes=0-1\x9b31m,\t\x85  aborted'
    await exchange(
      url,
      `GET /film.mp4 HTTP/1.1\r\nHost: localhost\r\nRange: ${range}\r\nConnection: close\r\n\r\n`,
    )
    await exchange(url, 'BREW /\x1b[31m HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const after = await fetch(`${url}film.mp4?last`)
    expect((await after.arrayBuffer()).byteLength).toBe(1000)
    await expect.poll(() => log().join('\n'), PATIENT).toContain('?last')
    const logged = log()
    expect(logged.join('')).toMatch(/^[ -~]+$/)
    expect(logged.filter((line) => / {2}aborted/.test(line))).toEqual([])
  })

  test('a client that hangs up, and a log that nobody reads, do not end it', async ({ expect }) => {
    const { url, log, child } = await serve(media)
    const download = await stall(url)
    download.socket.resetAndDestroy()
    if (name === 'node') {
      await expect
        .poll(() => log().map(columns).at(-1), PATIENT)
        .toEqual([
          'TIME',
          'GET',
          '/big.bin',
          '-',
          '200',
          expect.stringMatching(/^\d+ B$/),
          'DURATION',
          'aborted',
        ])
      expect(Number.parseInt(columns(log()[0] ?? '')[5] ?? '', 10)).toBeLessThan(BIG)
    }
    child.stderr?.destroy()
    child.stdout?.destroy()
    for (let i = 0; i < 5; i++) {
      const response = await fetch(`${url}film.mp4`)
      expect((await response.arrayBuffer()).byteLength).toBe(1000)
    }
  })

  test('a URL that nobody reads does not end it', async ({ expect }) => {
    const port = await freePort()
    const { child } = startCommand(name, [media, '--port', String(port)])
    child.stdout.destroy()
    const status = async () => (await fetch(`http://127.0.0.1:${port}/film.mp4`)).status
    await expect.poll(() => status().catch(() => null), PATIENT).toBe(200)
    expect(await status()).toBe(200)
  })

  test.runIf(existsSync('/dev/full'))(
    'a full disk for standard output is told, and ends no server',
    async ({ expect }) => {
      const told = /can't write to standard output: .*no space left on device/i
      const help = await startOnFullDisk(name, ['--help']).ended
      expect(help).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(told) })
      expect(help.stderr.split('\n').length).toBe(2)
      const port = await freePort()
      const { child, ended } = startOnFullDisk(name, [media, '--port', String(port)])
      const status = async () => (await fetch(`http://127.0.0.1:${port}/film.mp4`)).status
      await expect.poll(() => status().catch(() => null), PATIENT).toBe(200)
      child.kill('SIGINT')
      expect(await ended).toEqual({ code: 0, stdout: '', stderr: expect.stringMatching(told) })
    },
  )

  test('what nobody reads of the log is left out, and counted', async ({ expect }) => {
    const { url, log, child } = await serve(media)
    child.stderr.pause()
    let asked = 0
    const ask = (path: string) => {
      asked++
      return fetch(url + path, { method: 'HEAD', headers: { range: long } })
    }
    const long = 'x'.repeat(500)
    for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 20 }, () => ask(long)))
    child.stderr.resume()
    const last = async () => {
      await ask(`film.mp4?${asked}`)
      return log().join('\n')
    }
    await expect.poll(last, PATIENT).toContain('?')
    const omissions = log().flatMap((line) => {
      return /^lines left out, as nobody read the log: (\d+)$/.exec(line)?.[1] ?? []
    })
    const omitted = omissions.map(Number).reduce((sum, count) => sum + count, 0)
    expect(omitted).toBeGreaterThan(99)
    await expect.poll(() => log().length - omissions.length + omitted, PATIENT).toBe(asked)
  })

  test.runIf(canCountHandles)(
    'more connections than it may have do not end it',
    async ({ expect }) => {
      const { url, child } = await serve(media)
      execFileSync('prlimit', ['--pid', `${child.pid}`, '--nofile=64:64'])
      const crowd = Array.from({ length: 100 }, () =>
        connect(Number(new URL(url).port), '127.0.0.1'),
      )
      const sockets = () => openHandles('socket:', child.pid)
      for (const socket of crowd) socket.on('error', () => {})
      // Until it has all that it can: the kernel holds the others for it.
      let before = 0
      await until(() => {
        const isFull = sockets() > 30 && sockets() === before
        before = sockets()
        return isFull
      })
      for (const socket of crowd) socket.destroy()
      const ask = () => fetch(`${url}film.mp4`).then(({ status }) => status)
      await until(() =>
        ask().then(
          (status) => status === 200,
          () => false,
        ),
      )
      expect(await ask()).toBe(200)
    },
  )

  test('SIGINT ends it while a download runs', async ({ expect }) => {
    const { url, child, ended } = await serve(media)
    const download = await stall(url)
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    expect(await download.finish()).toBeLessThan(BIG)
  })

  test.sequential(
    'SIGTERM takes no more connections, and lets a running download finish',
    IN_TIME,
    async ({ expect }) => {
      const { url, child, ended } = await serve(media)
      const download = await stall(url)
      child.kill('SIGTERM')
      await expect.poll(() => isRefused(url), PATIENT).toBe(true)
      child.kill('SIGTERM')
      expect(await download.finish()).toBe(BIG)
      expect((await ended).code).toBe(0)
    },
  )

  test.sequential(
    'SIGTERM waits 5 s for a download that never ends, and not longer than for the last',
    IN_TIME,
    async ({ expect }) => {
      const [waiting, idle, ending] = await Promise.all([serve(media), serve(media), serve(media)])
      const [download, last] = await Promise.all([stall(waiting.url), stall(ending.url)])
      const { port, hostname } = new URL(idle.url)
      const silent = connect(Number(port), hostname)
      await once(silent, 'connect')
      const slow = connect(Number(port), hostname)
      slow.write('GET /film.mp4 HT')
      await once(slow, 'connect')
      const kept = connect(Number(port), hostname)
      kept.write('GET /film.mp4 HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-0\r\n\r\n')
      await once(kept, 'data')
      const order: string[] = []
      const ended = Object.entries({ waiting, idle, ending }).map(async ([which, { ended }]) => {
        order.push(`${which} ${(await ended).code}`)
      })
      waiting.child.kill('SIGTERM')
      await expect.poll(() => isRefused(waiting.url), PATIENT).toBe(true)
      idle.child.kill('SIGTERM')
      ending.child.kill('SIGTERM')
      await last.finish()
      await Promise.all(ended)
      expect([order.pop(), order.sort()]).toEqual(['waiting 0', ['ending 0', 'idle 0']])
      for (const socket of [silent, slow, kept, download.socket]) socket.destroy()
    },
  )
})

describe('byteserve under deno', () => {
  // Deno.serve ends when a connection can't be accepted.
  test.runIf(isInstalled('deno') && canCountHandles)(
    'outlives descriptors that are all taken, and listens again',
    IN_TIME,
    async ({ expect }) => {
      const LIMIT = 80
      const folder = mkdtempSync(join(media, 'many-'))
      for (let i = 0; i < LIMIT; i++) writeFileSync(join(folder, `${i}.mp4`), film)
      writeFileSync(join(folder, 'big.bin'), '')
      truncateSync(join(folder, 'big.bin'), BIG)
      const { child, url, ended } = startCommand('deno', [folder, '--port', '0'])
      const { port, hostname } = new URL(await url)
      const early = await stall(await url)
      execFileSync('prlimit', ['--pid', `${child.pid}`, `--nofile=${LIMIT}:${LIMIT}`])
      const open = async () => {
        const socket = connect(Number(port), hostname)
        socket.on('error', () => {}).on('data', () => {})
        await once(socket, 'connect').catch(() => {})
        return socket
      }
      const asking = await Promise.all(Array.from({ length: 20 }, open))
      const idle = await Promise.all(Array.from({ length: LIMIT }, open))
      // Files take what becomes free when it no longer listens.
      let asked = 0
      const ask = (socket: Socket) => {
        if (socket.writable)
          socket.write(`GET /${asked++ % LIMIT}.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      }
      const asks = setInterval(() => asking.forEach(ask), 10)
      await expect.poll(() => asked, PATIENT).toBeGreaterThan(2000)
      clearInterval(asks)
      for (const socket of [...asking, ...idle]) socket.destroy()
      // It may end again while connections of the crowd are still waiting for it.
      const answer = () => url.then(stall).catch(() => null)
      const late = await eventually('an answer', answer)
      child.kill('SIGTERM')
      await expect.poll(async () => isRefused(await url), PATIENT).toBe(true)
      const downloads = [await late.finish(), await early.finish()]
      expect([downloads, (await ended).code]).toEqual([[BIG, BIG], 0])
    },
  )

  test.runIf(isInstalled('deno') && canCountHandles)(
    'waits for its port, where another program took it meanwhile',
    async ({ expect }) => {
      const { child, url } = startCommand('deno', [media, '--port', '0'])
      const { port, hostname } = new URL(await url)
      execFileSync('prlimit', ['--pid', `${child.pid}`, '--nofile=64:64'])
      const crowd = Array.from({ length: 100 }, () => connect(Number(port), hostname))
      for (const socket of crowd) socket.on('error', () => {})
      const other = await eventually('the port', () => take(Number(port), hostname))
      for (const socket of crowd) socket.destroy()
      // Longer than it waits before it tries again.
      const taken = Date.now()
      await until(() => Date.now() > taken + 500)
      other.close()
      const status = async () => (await fetch(`${await url}film.mp4`)).status
      await expect.poll(() => status().catch(() => null), PATIENT).toBe(200)
    },
  )
})

describe.concurrent('byteserve under node', () => {
  test.sequential(
    'says on a connection that is kept that it ends, once it drains',
    IN_TIME,
    async ({ expect }) => {
      const { child, url, ended } = startCommand('node', [media, '--port', '0'])
      const { socket, finish } = await stall(await url)
      child.kill('SIGTERM')
      await expect.poll(async () => isRefused(await url), PATIENT).toBe(true)
      let last = ''
      socket.on('data', (chunk: Buffer) => {
        last = (last + chunk.toString('latin1')).slice(-2000)
      })
      socket.write('GET /film.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await finish()
      expect(last.match(/^connection: .*$/gim)).toEqual(['connection: close'])
      expect((await ended).code).toBe(0)
    },
  )

  test.sequential(
    'does not wait for what waited behind a download whose client is gone',
    IN_TIME,
    async ({ expect }) => {
      const order: string[] = []
      const [waiting, left] = ['waiting', 'left'].map((which) => {
        const command = startCommand('node', [media, '--port', '0'])
        const ended = command.ended.then(({ code }) => order.push(`${which} ${code}`))
        return { ...command, ended }
      })
      if (waiting === undefined || left === undefined) throw new Error('Expected two commands')
      const downloads = [await stall(await waiting.url), await stall(await left.url, 2)]
      downloads[1]?.socket.resetAndDestroy()
      waiting.child.kill('SIGTERM')
      await expect.poll(async () => isRefused(await waiting.url), PATIENT).toBe(true)
      left.child.kill('SIGTERM')
      await Promise.all([waiting.ended, left.ended])
      expect(order).toEqual(['left 0', 'waiting 0'])
      downloads[0]?.socket.destroy()
    },
  )
})

/** A download that stops reading once its first bytes are here; so many of them, one after another. */
async function stall(
  url: string,
  count: number = 1,
): Promise<{ socket: Socket; finish(): Promise<number> }> {
  const { port, hostname } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname })
  let head = ''
  let received = 0
  // What was cut off is counted, not thrown.
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (!head.includes('\r\n\r\n')) head += chunk.toString('latin1')
  })
  socket.write('GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count))
  await once(socket, 'data')
  socket.pause()
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`Expected a download, got ${head}`)
  return {
    socket,
    async finish() {
      socket.resume()
      if (!socket.closed) await once(socket, 'close')
      return received - head.indexOf('\r\n\r\n') - 4
    },
  }
}

/** Sends bytes as they are, and waits until the server is done with the connection. */
async function exchange(url: string, request: string): Promise<void> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.on('data', () => {})
  socket.write(Buffer.from(request, 'latin1'))
  if (!socket.closed) await once(socket, 'close')
}

/** A server at a port, if that is free. */
async function take(port: number, host: string): Promise<Server | null> {
  const server = createServer()
  try {
    await once(server.listen(port, host), 'listening')
    return server
  } catch {
    return null
  }
}

async function isRefused(url: string): Promise<boolean> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}
