import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { blobFile } from '../adapters/blob.ts'
import { forHosts, withPassword } from '../command/guard.ts'
import { readPassword, readTls } from '../command/secrets.ts'
import { fileHandler, isSource } from '../src/index.ts'

const film = () => blobFile(new Blob(['film']))

describe('a request is answered only for a name of this machine', () => {
  const names = ['My-Machine', 'nas.local', 'bücher.example', '.ngrok.app', '.lan']
  const lookup = forHosts(film, names)
  /** The status, and the text of a refusal. */
  const ask = async (fields: Record<string, string>, url = 'http://unused/') => {
    const found = await lookup({
      method: 'GET',
      url,
      headers: { get: (name) => fields[name] ?? null },
    })
    if (!found || isSource(found)) return [200, '', undefined] as const
    const text = new TextDecoder().decode(found.pieces[0] as Uint8Array)
    return [found.status, text, found.headers['cache-control']] as const
  }

  test.each([
    '127.0.0.1:8080',
    '192.168.0.7',
    '[::1]:8080',
    '[fe80::1]',
    'localhost:80',
    'LOCALHOST',
    'films.localhost',
    'my-machine:8080',
    'nas.local.',
    'xn--bcher-kva.example:80',
    'ngrok.app',
    'a-1.b.NGROK.app:443',
    'tv.lan',
  ])('%s is one', async (host) => {
    expect(await ask({ host })).toEqual([200, '', undefined])
  })

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'my-machine.evil.example',
    'xlocalhost',
    '2130706433x',
    'nas',
    'evilnas.local',
    'evil.nas.local',
    '127.0.0.1@evil.example',
    'evil.example#localhost',
    'evil.example#.localhost',
    'evil.example/.localhost',
    'evil.example@a.localhost',
    '..localhost',
    'evil-ngrok.app',
    'ngrok.app.evil.example',
    'app',
  ])('%s is none', async (host) => {
    const refusal = [403, expect.stringContaining('--allow-host'), 'no-store']
    expect(await ask({ host })).toEqual(refusal)
  })

  test('only the names that were given are, if no domain was', async () => {
    const own = forHosts(film, ['nas.local'])
    const ask = (host: string) => own({ method: 'GET', url: '/', headers: new Headers({ host }) })
    expect([isSource(await ask('nas.local')), isSource(await ask('evil.example'))]).toEqual([
      true,
      false,
    ])
  })

  test('who says no name is no browser; HTTP/2 has another field, or the URL', async () => {
    const target = await ask({}, '/film.mp4')
    const url = await ask({}, 'http://evil.example/film.mp4')
    expect([target[0], url[0]]).toEqual([200, 403])
    expect((await ask({ ':authority': 'evil.example' }, '/'))[0]).toBe(403)
    // Of HTTP/1.0, Bun gives the path alone, and a Headers, which takes no such name.
    const found = await lookup({ method: 'GET', url: '/film.mp4', headers: new Headers() })
    expect(isSource(found)).toBe(true)
  })

  test('the answer names it only if it is a name', async () => {
    const text = async (host: string) => (await ask({ host }))[1]
    expect(await text('evil.example')).toContain('host name evil.example.')
    expect(await text('<b>')).toContain('host name NAME.')
  })
})

describe('a password', () => {
  const handler = fileHandler(withPassword(film, 'me:pä:ss'))
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  test.each([
    ['none', null, 401],
    ['the right one', basic('me:pä:ss'), 200],
    ['in another case of the scheme', basic('me:pä:ss').replace('Basic', 'bASIC'), 200],
    ['a wrong one', basic('me:pass'), 401],
    ['the beginning of it', basic('me:p'), 401],
    ['more than it', basic('me:pä:sss'), 401],
    ['another user', basic('you:pä:ss'), 401],
    ['another scheme', 'Bearer me:pä:ss', 401],
    ['what is no base64', 'Basic §', 401],
    ['the right one behind another scheme', `Bearer ${basic('me:pä:ss')}`, 401],
    ['the right one, and more', `${basic('me:pä:ss')}, x`, 401],
  ])('%s', async (_what, authorization, status) => {
    const headers = new Headers()
    if (authorization !== null) headers.set('authorization', authorization.replace('§', '*'))
    const response = await handler(new Request('http://host/film.mp4', { headers }))
    expect([response.status, response.headers.has('www-authenticate')]).toEqual([
      status,
      status === 401,
    ])
  })

  const folder = mkdtempSync(join(tmpdir(), 'byteserve-secrets-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'password')

  test('comes from the option, a file or the environment', () => {
    writeFileSync(file, 'me:secret\n')
    expect([
      readPassword(null),
      readPassword('a:b', 'c:d'),
      readPassword(`@${file}`, 'c:d'),
      readPassword(null, 'c:d'),
    ]).toEqual([null, 'a:b', 'me:secret', 'c:d'])
  })

  test.each([
    ['two lines', 'anna:x\nbob:y\n'],
    ['UTF-16', Buffer.from('\ufeffanna:x\r\n', 'utf16le')],
    ['a control character', 'anna:x\x7fy'],
  ])('in a file of %s is refused, as no client could send it', (_what, content) => {
    writeFileSync(file, content)
    expect(() => readPassword(`@${file}`)).toThrow(
      `expected USER:PASS in ${file}: one line in UTF-8, without control characters`,
    )
  })

  test('in a variable is of one line, too', () => {
    expect(() => readPassword(null, 'me:secret\n')).toThrow(
      'expected USER:PASS in BYTESERVE_AUTH: one line in UTF-8, without control characters',
    )
  })

  test('that is none is refused, and never said', () => {
    writeFileSync(file, 'secret')
    expect(() => readPassword(`@${file}`)).toThrow(`expected USER:PASS in ${file}`)
    // Node would serve without a certificate, which no client can reach.
    const cert = `${file}.cert`
    const key = `${file}.key`
    writeFileSync(cert, '')
    expect(() => readTls({ cert, key: file })).toThrow(
      `expected a CERTIFICATE in PEM in the file of --cert: ${cert}`,
    )
    writeFileSync(cert, '-----BEGIN CERTIFICATE-----\n')
    expect(() => readTls({ cert, key: cert })).toThrow(
      `expected a PRIVATE KEY in PEM in the file of --key: ${cert}`,
    )
    writeFileSync(key, '-----BEGIN RSA PRIVATE KEY-----\n')
    expect(() => readTls({ cert: key, key: cert })).toThrow(
      `expected a CERTIFICATE in PEM in the file of --cert: ${key}`,
    )
    expect(readTls({ cert, key })).toEqual({
      cert: '-----BEGIN CERTIFICATE-----\n',
      key: '-----BEGIN RSA PRIVATE KEY-----\n',
    })
    expect(() => readPassword(null, 'secret')).toThrow('expected USER:PASS in BYTESERVE_AUTH')
    expect(() => readPassword(`@${file}.no`)).toThrow(
      `can't read the file of --auth: ${file}.no does not exist`,
    )
    expect(() => readPassword('@/')).toThrow("can't read the file of --auth: EISDIR")
    expect(() => readTls({ cert, key: `${file}.no` })).toThrow("can't read the file of --key")
    expect(readTls(null)).toBeNull()
  })

  test.each([
    ['PKCS #8', '-----BEGIN ENCRYPTED PRIVATE KEY-----\n'],
    [
      'the older form',
      '-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n',
    ],
  ])('of a key in %s can not be asked for', (_form, pem) => {
    const [cert, key] = [`${file}.locked-cert`, `${file}.locked-key`]
    writeFileSync(cert, '-----BEGIN CERTIFICATE-----\n')
    writeFileSync(key, pem)
    expect(() => readTls({ cert, key })).toThrow(
      `the key in ${key} has a passphrase; openssl pkey -in ${key} -out FILE writes it without one`,
    )
  })
})
