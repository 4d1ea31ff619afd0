import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { fetchOnce, open, toRequest } from '../support/client.ts'
import { answerTo, type Origin, serving, startOrigin } from '../support/faulty-origin.ts'
import { until } from '../support/wait.ts'
import { summary } from './ask.ts'
import { ELSEWHERE, startElsewhere } from './elsewhere-targets.ts'
import { MIB, pattern } from './fixtures.ts'
import { stopTargets, type Target } from './targets.ts'

/*
 * One slow thing delays only itself: requests beside others that are never answered, because a bucket
 * or an observer is never done.
 */

const FILM = { bytes: pattern(2 * MIB), etag: '"film"' }
const WHOLE = summary(FILM.bytes)
const FILM_REQUEST = ['GET /film.mp4 HTTP/1.1']

/** More than any pool of threads or connections is likely to hold. */
const MANY = 60

describe.concurrent.each(ELSEWHERE)('%s', (name) => {
  let origin: Origin
  let target: Target
  beforeAll(async () => {
    origin = await startOrigin()
    const endpoint = origin.url.replace(/\/$/, '')
    const credentials = { accessKeyId: 'KEY', secretAccessKey: 'SECRET' }
    const s3 = { endpoint, bucket: 'films', credentials }
    target = await startElsewhere(name, { s3, settles: false })
    origin.behave((incoming, outgoing) => {
      if (incoming.url?.includes('silent')) return
      if (!incoming.url?.includes('stalled')) return serving(FILM)(incoming, outgoing)
      const { status, headers, bytes } = answerTo(incoming, FILM)
      outgoing.writeHead(status, headers).write(bytes.subarray(0, MIB))
    })
  }, 120_000)
  afterAll(async () => {
    await stopTargets([target])
    origin.stop()
  })

  it.sequential('a bucket that never answers keeps no other request waiting', async ({
    expect,
  }) => {
    // Names that no other try has asked for, which may still be under way.
    const mark = randomUUID()
    const waiting = await Promise.all(
      Array.from({ length: MANY }, async (_, index) => {
        const connection = await open(target.port)
        const path = index % 2 === 0 ? 'silent' : 'stalled'
        connection.send(toRequest([`GET /${path}-${mark}-${index}.mp4 HTTP/1.1`]))
        return connection
      }),
    )
    const asked = () =>
      origin.asked.flatMap((line) => (line.includes(mark) ? line.split(' ')[1] : []))
    await until(() => new Set(asked()).size === MANY)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => fetchOnce(target.port, FILM_REQUEST)),
    )
    expect(answers.map(({ status, body }) => [status, summary(body)])).toEqual(
      answers.map(() => [200, WHOLE]),
    )
    // They still wait: it is not that they failed.
    expect(waiting.map(({ socket }) => socket.closed)).toEqual(waiting.map(() => false))
    for (const connection of waiting) connection.reset()
  })

  it.sequential('observers that are never done keep no request waiting', async ({ expect }) => {
    const connection = await open(target.port)
    const heard: unknown[] = []
    for (const path of ['film.mp4', 'failing/lookup', 'film.mp4', 'failing/lookup-later']) {
      connection.send(toRequest([`GET /${path} HTTP/1.1`]))
      const { status, body } = await connection.read()
      heard.push([status, summary(body)])
    }
    connection.reset()
    expect(heard).toEqual([
      [200, WHOLE],
      [503, ''],
      [200, WHOLE],
      [503, ''],
    ])
    expect([target.isAlive(), target.complaints()]).toEqual([true, ''])
  })
})
