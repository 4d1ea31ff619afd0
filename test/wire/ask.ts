import { createHash } from 'node:crypto'
import {
  BrokenReplyError,
  type Connection,
  fetchOnce,
  open,
  type Reply,
  toRequest,
} from '../support/client.ts'
import { eventually } from '../support/wait.ts'
import { type Fixture, MODIFIED_DATE, md5, ONE, tagOf } from './fixtures.ts'
import { BOUNDARY, type Expected, type Row } from './table.ts'
import type { Target } from './targets.ts'
import { fill, type Version } from './versions.ts'

/** A response in a form that reads well in a diff. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Its text, or its length and hash when it is long. */
  readonly body: string
  /** What became of the next request on the connection. */
  readonly next: 'answered' | 'refused'
}

/** What a target answered, and which boundary it took where there was one. */
export interface Heard {
  readonly answers: ReadonlyMap<string, Answer | Error>
  readonly boundaries: readonly string[]
}

/** Of the connection and the moment, not of the file. */
const IGNORED_FIELDS = ['date', 'connection', 'keep-alive']

const LONGEST_TEXT = 4096

/** Servers end a connection that was idle for 5 s, in ms. */
const IDLE_LIMIT = 4000

/** A request whose answer is known: it shows that nothing was left on the connection. */
export interface Next {
  readonly line: string
  readonly status: number
  readonly body: Buffer
}

/** A whole file. */
const AFTER: Next = { line: `GET ${ONE.target} HTTP/1.1`, status: 200, body: ONE.bytes }

/** What is answered without a look-up, for files that are far away. */
export const LOOKING_UP_NOTHING: Next = {
  line: `OPTIONS ${ONE.target} HTTP/1.1`,
  status: 204,
  body: Buffer.alloc(0),
}

/**
 * Asks for all rows, one after the other, over as few connections as the target allows.
 *
 * @param after comes after each
 */
export async function askAll(
  target: Target,
  rows: readonly Row[],
  versions: ReadonlyMap<Fixture, Version>,
  after: Next = AFTER,
): Promise<Heard> {
  const answers = new Map<string, Answer | Error>()
  const boundaries: string[] = []
  let connection: Connection | null = null
  for (const row of rows) {
    const begun = performance.now()
    let heard = await hear(row)
    // It was this process that did not get on, on a busy machine.
    if (isRefused(heard.answer) && performance.now() - begun > IDLE_LIMIT) heard = await hear(row)
    answers.set(row.name, heard.answer)
    if (heard.boundary !== null) boundaries.push(heard.boundary)
  }
  hangUp()
  return { answers, boundaries }

  async function hear(row: Row): Promise<{ answer: Answer | Error; boundary: string | null }> {
    try {
      connection ??= await open(target.port)
      const reply = await ask(connection, row, versionOf(row.file, versions))
      const boundary = boundaryOf(reply)
      const next = await askAgain(connection, after)
      if (next === 'refused') hangUp()
      return { answer: toAnswer(reply, boundary, next), boundary }
    } catch (error) {
      hangUp()
      return { answer: error instanceof Error ? error : new Error(String(error)), boundary: null }
    }
  }

  function hangUp(): void {
    connection?.reset()
    connection = null
  }
}

function isRefused(answer: Answer | Error): boolean {
  return !(answer instanceof Error) && answer.next === 'refused'
}

function ask(connection: Connection, row: Row, version: Version): Promise<Reply> {
  const request = toRequest(row.lines.map((line) => fill(line, version)))
  connection.send(request + (row.content ?? ''))
  return connection.read(row.lines[0]?.split(' ')[0])
}

async function askAgain(connection: Connection, after: Next): Promise<Answer['next']> {
  connection.send(toRequest([after.line]))
  try {
    const { status, body } = await connection.read()
    const surplus = connection.surplus()
    const isRight = status === after.status && body.equals(after.body) && surplus.length === 0
    if (isRight) return 'answered'
    throw new Error(`Expected the next answer, got ${status} with ${body} and then ${surplus}`)
  } catch (error) {
    // FIN, or RST when the request came after it.
    const isBroken = error instanceof BrokenReplyError && error.failure !== 'nothing more'
    if (isBroken && error.received === 0) return 'refused'
    throw error
  }
}

/** The validators of all files, known before; of an object in R2 all but the time of its upload. */
export async function versionsOf(
  target: Target,
  files: readonly Fixture[],
): Promise<Map<Fixture, Version>> {
  const versions = files.map(async (file): Promise<[Fixture, Version]> => {
    if (target.name !== 'workerd') {
      return [file, { etag: tagOf(file), date: MODIFIED_DATE }]
    }
    return [file, { etag: `"${md5(file.bytes)}"`, date: await uploadDate(target, file) }]
  })
  return new Map(await Promise.all(versions))
}

/** Not sent until it is a second old. */
function uploadDate(target: Target, file: Fixture): Promise<string> {
  return eventually(`Last-Modified of ${file.path}`, async () => {
    const { fields } = await fetchOnce(target.port, [`HEAD ${file.target} HTTP/1.1`])
    return fields.find(([name]) => name.toLowerCase() === 'last-modified')?.[1] ?? null
  })
}

export function versionOf(file: Fixture, versions: ReadonlyMap<Fixture, Version>): Version {
  return versions.get(file) ?? { etag: 'none', date: 'none' }
}

/** What came, as an answer; repeated fields are joined by a line break, which no value has. */
function toAnswer(
  { status, fields, body }: Reply,
  boundary: string | null,
  next: Answer['next'],
): Answer {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    if (IGNORED_FIELDS.includes(key)) continue
    headers[key] = key in headers ? `${headers[key]}\n${value}` : value
  }
  if (boundary === null) return { status, headers, body: summary(body), next }
  headers['content-type'] = `multipart/byteranges; boundary=${BOUNDARY}`
  const text = body.toString('latin1').replaceAll(`--${boundary}`, `--${BOUNDARY}`)
  return { status, headers, body: summary(Buffer.from(text, 'latin1')), next }
}

/** What should have come, as an answer. */
export function expectedAnswer(expected: Expected, version: Version): Answer {
  const { status, body, closes } = expected
  const fields = Object.entries(expected.headers)
  const headers = Object.fromEntries(fields.map(([name, value]) => [name, fill(value, version)]))
  const text = typeof body === 'string' ? body : summary(body)
  return { status, headers, body: text, next: closes ? 'refused' : 'answered' }
}

function boundaryOf({ fields }: Reply): string | null {
  const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  return /^multipart\/byteranges; boundary=(.+)$/.exec(type)?.[1] ?? null
}

const summaries = new WeakMap<Buffer, string>()

/** Bytes as text, or their length and hash when they are many. */
export function summary(bytes: Buffer): string {
  if (bytes.length <= LONGEST_TEXT) return bytes.toString('latin1')
  const known = summaries.get(bytes)
  if (known !== undefined) return known
  const hash = createHash('sha256').update(bytes).digest('hex')
  const text = `${bytes.length} bytes, SHA-256 ${hash}`
  summaries.set(bytes, text)
  return text
}
