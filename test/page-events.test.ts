import { describe, expect, test } from 'vitest'
import { Views } from '../command/page/events.ts'
import { withPage } from '../command/page/page.ts'
import type { TransferRow } from '../command/page/transfers.ts'
import { type FileSource, fileHandler } from '../src/index.ts'
import { eventually } from './support/wait.ts'

const SIZE = 1000

/** A server of one film, whose bytes come once they are allowed to. */
function serveFilm() {
  const views = new Views()
  let release = () => {}
  const read = (start: number, end: number) => {
    if (end - start <= 16) return new Uint8Array(end - start)
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new Uint8Array(10))
        await new Promise<void>((resolve) => (release = resolve))
        controller.enqueue(new Uint8Array(end - start - 10))
        controller.close()
      },
    })
  }
  // Nothing is read whole before the answer begins.
  const film: FileSource = { size: SIZE, read: Object.assign(read, { native: { bufferLimit: 0 } }) }
  const native: FileSource = {
    size: SIZE,
    read: Object.assign(() => new Uint8Array(SIZE), {
      native: { bufferLimit: 0, body: () => new Blob([new Uint8Array(SIZE)]) },
    }),
  }
  const lookup = withPage({
    files: ({ url }) => (/film\.mp4/.test(url) ? film : /native\.mp4/.test(url) ? native : null),
    shelf: { list: async function* () {}, describe: async () => null },
    name: 'root',
    scheme: 'http',
    hasArchives: false,
    views,
  })
  const handler = fileHandler(lookup, {
    onBegin: (serving) => views.begin(serving),
    onServed: (served) => views.end(served),
  })
  const ask = (path: string, range?: string) => {
    const headers = { host: 'host', ...(range !== undefined && { range }) }
    return handler(new Request(`http://host${path}`, { headers }))
  }
  return { views, ask, release: () => release() }
}

/** The events of a stream so far. */
function listenTo(response: Response) {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  const rows = new Map<number, TransferRow>()
  let facts: unknown = null
  let text = ''
  let isOver = false
  void (async () => {
    for (;;) {
      const chunk = await reader?.read()
      if (chunk === undefined || chunk.done) break
      text += decoder.decode(chunk.value, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
        if (name === 'file') facts = JSON.parse(data)
        if (name === 'requests') for (const row of JSON.parse(data)) rows.set(row.id, row)
      }
    }
    isOver = true
  })()
  return {
    facts: () => facts,
    isOver: () => isOver,
    rows: () => [...rows.values()].map(({ at, id, ...row }) => row),
    hangUp: () => reader?.cancel(),
  }
}

const listening = '/film.mp4?events=abcd'

describe('the events of a page', () => {
  test('begin with the file, then tell of its requests as they come and go', async () => {
    const { ask, release, views } = serveFilm()
    const response = await ask(listening)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream',
    ])
    const heard = listenTo(response)
    await eventually('the facts', () => heard.facts())
    expect(heard.facts()).toEqual({ size: SIZE, layout: null, note: '' })
    const part = await ask('/film.mp4?view=abcd', 'bytes=100-599')
    const row = { range: 'bytes=100-599', status: 206, start: 100, end: 600 }
    await expect
      .poll(() => heard.rows())
      .toEqual([{ ...row, sent: expect.any(Number), state: 'running' }])
    const bytes = part.arrayBuffer()
    await expect.poll(() => heard.rows()).toEqual([{ ...row, sent: 10, state: 'running' }])
    release()
    expect((await bytes).byteLength).toBe(500)
    await expect.poll(() => heard.rows()).toEqual([{ ...row, sent: 500, state: 'done' }])
    views.close()
    await expect.poll(() => heard.isOver()).toBe(true)
  })

  test('tell of hang-ups, and of what was not found there', async () => {
    const { ask, views } = serveFilm()
    const heard = listenTo(await ask(listening))
    const part = await ask('/film.mp4?view=abcd', 'bytes=0-')
    const reader = part.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await ask('/film.mp4?view=abcd', 'bytes=5000-')
    await expect
      .poll(() => heard.rows())
      .toEqual([
        { range: 'bytes=0-', status: 206, start: 0, end: SIZE, sent: 10, state: 'aborted' },
        { range: 'bytes=5000-', status: 416, start: 0, end: 0, sent: 0, state: 'done' },
      ])
    views.close()
  })

  test('say where only the announced is known', async () => {
    const { ask, views } = serveFilm()
    const heard = listenTo(await ask('/native.mp4?events=abcd'))
    await (await ask('/native.mp4?view=abcd')).arrayBuffer()
    await expect
      .poll(() => heard.rows())
      .toEqual([{ range: null, status: 200, start: 0, end: SIZE, sent: null, state: 'done' }])
    views.close()
  })

  test('are those of one page and one file; what came before is told first', async () => {
    const { ask, views } = serveFilm()
    const paths = [
      '/film.mp4?view=abcd',
      '/film.mp4?view=efgh',
      '/film.mp4',
      '/native.mp4?view=abcd',
      '/film.mp4?view=abcd&t=1',
      '/film.mp4?view=ABC!',
      '/film.mp4?preview=abcd',
    ]
    for (const path of paths) await ask(path, 'bytes=2000-')
    const heard = listenTo(await ask(listening))
    await expect.poll(() => heard.rows().length).toBe(2)
    await ask('/film.mp4?view=efgh', 'bytes=2000-')
    await ask('/film.mp4?view=abcd', 'bytes=3000-')
    await expect
      .poll(() => heard.rows().map(({ range }) => range))
      .toEqual(['bytes=2000-', 'bytes=2000-', 'bytes=3000-'])
    views.close()
  })

  test('of the last hundred requests are remembered', async () => {
    const { ask, views } = serveFilm()
    for (let i = 0; i < 150; i++) await ask('/film.mp4?view=abcd', `bytes=${2000 + i}-`)
    const heard = listenTo(await ask(listening))
    await expect.poll(() => heard.rows().length).toBe(100)
    expect(heard.rows()[0]?.range).toBe('bytes=2050-')
    views.close()
  })

  test('are told to a hundred pages at once; more end the oldest', async () => {
    const { ask, views } = serveFilm()
    const name = (i: number) => `page${String(i).padStart(3, '0')}`
    const heard: ReturnType<typeof listenTo>[] = []
    for (let i = 0; i < 105; i++) {
      heard.push(listenTo(await ask(`/film.mp4?events=${name(i)}`)))
    }
    await expect.poll(() => heard.filter((each) => each.isOver()).length).toBe(5)
    expect(heard.slice(0, 5).every((each) => each.isOver())).toBe(true)
    await ask(`/film.mp4?view=${name(104)}`, 'bytes=2000-')
    await expect.poll(() => heard[104]?.rows().length).toBe(1)
    views.close()
  })

  test('of what is no file are not found', async () => {
    const { ask } = serveFilm()
    const paths = ['/no.mp4?events=abcd', '/?events=abcd', '/../etc/%2e%2e?events=abcd']
    const statuses = await Promise.all(paths.map(async (path) => (await ask(path)).status))
    expect(statuses).toEqual([404, 404, 404])
  })

  test.each([
    '',
    'A!',
    'abc',
    'abcdefghijklmnopq',
  ])('are not those of a page called "%s": that is a query like any other', async (name) => {
    const { ask } = serveFilm()
    const { status, headers } = await ask(`/film.mp4?events=${name}`)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream'])
  })
})
