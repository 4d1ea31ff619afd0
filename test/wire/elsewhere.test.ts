import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchOnce } from '../support/client.ts'
import { hasCeph, type S3Server, startCeph } from '../support/s3-server.ts'
import { eventually } from '../support/wait.ts'
import { askAll, expectedAnswer, type Heard, LOOKING_UP_NOTHING, versionOf } from './ask.ts'
import {
  ELSEWHERE,
  type Elsewhere,
  type ElsewhereName,
  LIKE,
  startDirectory,
  startElsewhere,
} from './elsewhere-targets.ts'
import { EXCEPTIONS, type Exception } from './exceptions.ts'
import { FIXTURES, type Fixture, FOUND, makeDirectory } from './fixtures.ts'
import { COMPLAINTS, type Row, TABLE } from './table.ts'
import { stopTargets, type Target } from './targets.ts'
import type { Version } from './versions.ts'

/*
 * The table of what every runtime answers, over files that live elsewhere: on another HTTP server and
 * in a bucket. The answers are those of local files, row by row.
 */

/** What was asked of a server on one runtime, and how it is. */
interface Outcome {
  readonly target: Target
  readonly versions: ReadonlyMap<Fixture, Version>
  readonly heard: Heard
}

function describeElsewhere(what: string, start: () => Promise<Elsewhere>): void {
  describe(what, () => {
    const outcomes = new Map<ElsewhereName, Outcome>()

    beforeAll(async () => {
      const where = await start()
      await Promise.all(
        ELSEWHERE.map(async (name) => {
          const target = await startElsewhere(name, where)
          const versions = await versionsOf(target)
          const heard = await askAll(target, TABLE, versions, LOOKING_UP_NOTHING)
          outcomes.set(name, { target, versions, heard })
        }),
      )
    }, 240_000)
    afterAll(() => stopTargets([...outcomes.values()].map(({ target }) => target)))

    describe.each(ELSEWHERE)('%s', (name) => {
      for (const row of TABLE) {
        it(row.name, () => {
          const { heard, versions } = outcomeOf(name)
          const expected = exceptionFor(name, row)?.change(row.expected) ?? row.expected
          const answer = heard.answers.get(row.name)
          if (answer instanceof Error) throw answer
          expect(answer).toEqual(expectedAnswer(expected, versionOf(row.file, versions)))
        })
      }

      it('complains of the failing sources and of nothing else', () => {
        const { target } = outcomeOf(name)
        const complaints = COMPLAINTS.map((line) => `${line}\n`).join('')
        const ours = target.complaints().replace(/^(?:workerd\/|stack: ).*\n/gm, '')
        expect({ isAlive: target.isAlive(), ours }).toEqual({ isAlive: true, ours: complaints })
      })
    })

    function outcomeOf(name: ElsewhereName): Outcome {
      const outcome = outcomes.get(name)
      if (outcome === undefined) throw new Error(`${name} does not run`)
      return outcome
    }
  })
}

let directory: { readonly url: string; stop(): void } | undefined
let starting: Promise<S3Server> | undefined
beforeAll(() => {
  if (!hasCeph) return
  // While the other server is asked. Who waits for it is told.
  starting = startBucket()
  starting.catch(() => {})
})
afterAll(async () => {
  directory?.stop()
  await starting?.then((ceph) => ceph.stop())
})

describeElsewhere('on another HTTP server', async () => {
  directory = await startDirectory(makeDirectory())
  return { http: directory.url }
})

describe.runIf(hasCeph)('Ceph', () => {
  describeElsewhere('in a bucket', async () => {
    if (starting === undefined) throw new Error('Ceph does not run')
    return { s3: (await starting).location }
  })
})

/** A Ceph with all fixtures. */
async function startBucket(): Promise<S3Server> {
  const ceph = await startCeph()
  await Promise.all(
    FIXTURES.map(({ path, bytes, type }) => {
      // One without a type of its own gets the core's.
      const fields = type === 'application/octet-stream' ? {} : { 'content-type': type }
      return ceph.put(path, bytes, fields)
    }),
  )
  return ceph
}

/** The validators of all files, as the server names them; Last-Modified once it is old enough. */
async function versionsOf(target: Target): Promise<ReadonlyMap<Fixture, Version>> {
  const versions = FOUND.map(async (file): Promise<[Fixture, Version]> => {
    const version = await eventually(`Last-Modified of ${file.path}`, async () => {
      const { fields } = await fetchOnce(target.port, [`HEAD ${file.target} HTTP/1.1`])
      const known = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]))
      const [etag, date] = [known.get('etag'), known.get('last-modified')]
      return etag === undefined || date === undefined ? null : { etag, date }
    })
    return [file, version]
  })
  return new Map(await Promise.all(versions))
}

/** What a runtime forces, it forces wherever the files are. */
function exceptionFor(name: ElsewhereName, row: Row): Exception | undefined {
  return EXCEPTIONS.find(({ targets, rows }) => {
    return targets.includes(LIKE[name]) && rows.includes(row.id)
  })
}
