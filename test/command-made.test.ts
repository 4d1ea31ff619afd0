import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type RuntimeName, startCommand, stopCommands } from './command-process.ts'
import { fetchOnce } from './support/client.ts'
import { areInstalled } from './support/installed.ts'
import { qtFaststart } from './support/mp4.ts'
import { isInstalled } from './support/runtimes.ts'
import { temporaryDirectory } from './support/temporary.ts'

const FILM = join(import.meta.dirname, '../examples/media/film-moov-at-end.mp4')
const names: RuntimeName[] = ['node', 'bun', 'deno']
const place = temporaryDirectory()
const media = join(place, 'Films')

beforeAll(() => {
  mkdirSync(join(media, 'Season 1', 'extras'), { recursive: true })
  writeFileSync(join(media, 'Season 1', '1.mp4'), 'first')
  writeFileSync(join(media, 'Season 1', '.hidden'), 'hidden')
  writeFileSync(join(media, 'Season 1', 'index.html'), '<h1>Season 1')
  writeFileSync(join(media, 'Season 1', 'extras', 'Übung.txt'), 'extra')
  writeFileSync(join(place, 'secret.txt'), 'secret')
  symlinkSync(join(place, 'secret.txt'), join(media, 'Season 1', 'secret.txt'))
  copyFileSync(FILM, join(media, 'film.mp4'))
})

afterAll(stopCommands)

describe.each(names.filter(isInstalled))('byteserve under %s', (name) => {
  async function serve(...args: string[]) {
    const { url } = startCommand(name, [media, ...args, '--port', '0', '--log', 'off'])
    const port = Number(new URL(await url).port)
    return async (path: string, ...fields: string[]) => {
      const reply = await fetchOnce(port, [`GET ${path} HTTP/1.1`, ...fields])
      const headers = reply.fields.map(([field, value]) => [field.toLowerCase(), value])
      return { status: reply.status, body: reply.body, headers: Object.fromEntries(headers) }
    }
  }

  test.runIf(areInstalled('unzip'))('a folder is an archive, at ?zip', async ({ expect }) => {
    const ask = await serve()
    const html = 'Accept: text/html'
    const [root, season, slashless] = [
      await ask('/?zip', html),
      await ask('/Season%201/?zip', html),
      await ask('/Season%201?zip', html),
    ]
    const [none, part] = [
      await ask('/none/?zip', html),
      await ask('/Season%201/?zip', 'Range: bytes=10-29', `If-Range: ${season.headers.etag}`),
    ]
    const disposition = 'content-disposition'
    expect([
      [root.status, root.headers[disposition]],
      [season.status, season.headers[disposition]],
      [slashless.status, slashless.headers.location],
      [none.status, none.body.length],
      [part.status, part.body],
    ]).toEqual([
      [200, 'attachment; filename="Films.zip"'],
      [200, 'attachment; filename="Season 1.zip"'],
      [308, './Season%201/?zip'],
      [404, 0],
      [206, season.body.subarray(10, 30)],
    ])
    const path = join(place, `${name}.zip`)
    writeFileSync(path, season.body)
    const listed = execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' })
    expect(listed.split('\n')).toEqual(['1.mp4', 'extras/', 'extras/Übung.txt', 'index.html', ''])
    expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toMatch(/No errors/)
  })

  test.runIf(areInstalled('qt-faststart'))(
    '--faststart sends an index first',
    async ({ expect }) => {
      const [plain, moved] = [await serve(), await serve('--faststart')]
      const expected = qtFaststart(media, 'film.mp4')
      const whole = await moved('/film.mp4')
      const part = await moved(
        '/film.mp4',
        'Range: bytes=100-299',
        `If-Range: ${whole.headers.etag}`,
      )
      const stored = await plain('/film.mp4')
      expect(stored.body.equals(readFileSync(FILM))).toBe(true)
      expect(whole.body.equals(expected ?? stored.body)).toBe(true)
      expect([part.status, part.body]).toEqual([206, whole.body.subarray(100, 300)])
      expect(whole.headers.etag).not.toBe(stored.headers.etag)
      expect((await moved('/Season%201/1.mp4')).body.toString()).toBe('first')
    },
  )
})
