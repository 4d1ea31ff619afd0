import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, askAll, expectedAnswer, type Heard, versionOf, versionsOf } from './ask.ts'
import { EXCEPTIONS, type Exception } from './exceptions.ts'
import {
  EPOCH,
  FIXTURES,
  type Fixture,
  FOUND,
  FUTURE,
  MODIFIED_DATE,
  makeDirectory,
} from './fixtures.ts'
import { serving } from './serving.ts'
import { COMPLAINTS, FILES_ONLY, type Row, TABLE } from './table.ts'
import { installed, TARGETS, type TargetName } from './targets.ts'
import { asctime, rfc850, type Version } from './versions.ts'

const names = installed(TARGETS)
const heard = new Map<TargetName, Heard>()
const versions = new Map<TargetName, Map<Fixture, Version>>()
const directory = makeDirectory()
const targets = serving(names, directory, FIXTURES)

beforeAll(async () => {
  await Promise.all(
    targets.all().map(async (target) => {
      const files = target.name === 'workerd' ? FOUND : [...FOUND, FUTURE, EPOCH]
      const known = await versionsOf(target, files)
      versions.set(target.name, known)
      heard.set(target.name, await askAll(target, rowsOf(target.name), known))
    }),
  )
}, 120_000)

describe.each(names)('%s', (name) => {
  for (const row of rowsOf(name)) {
    it(row.name, () => {
      const expected = exceptionFor(name, row)?.change(row.expected) ?? row.expected
      expect(answerTo(name, row)).toEqual(expectedAnswer(expected, version(name, row)))
    })
  }

  it('takes a new boundary for every response', () => {
    const boundaries = heard.get(name)?.boundaries ?? []
    const multiparts = rowsOf(name).filter(isMultipart)
    expect(new Set(boundaries).size).toBe(multiparts.length)
    for (const boundary of boundaries) expect(boundary).toMatch(/^[\da-f-]{36}$/)
  })

  it('complains of the failing sources and of nothing else', () => {
    const target = targets.one(name)
    const complaints = COMPLAINTS.map((line) => `${line}\n`).join('')
    // Of what comes before our code, workerd complains by itself.
    const ours = target.complaints().replace(/^(?:workerd\/|stack: ).*\n/gm, '')
    expect({ isAlive: target.isAlive(), ours }).toEqual({ isAlive: true, ours: complaints })
  })
})

describe('the table', () => {
  it('names every row once', () => {
    const ids = [...TABLE, ...FILES_ONLY].map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)])
    const excepted = EXCEPTIONS.flatMap(({ rows }) => rows)
    expect(excepted.filter((id) => !ids.includes(id))).toEqual([])
  })

  it('writes dates in all three forms', () => {
    expect([MODIFIED_DATE, rfc850(MODIFIED_DATE), asctime(MODIFIED_DATE)]).toEqual([
      'Mon, 06 May 2024 07:08:09 GMT',
      'Monday, 06-May-24 07:08:09 GMT',
      'Mon May  6 07:08:09 2024',
    ])
  })
})

/** Field by field, whatever the table expects. */
describe('compared with each other', () => {
  it('the targets differ in what is named as an exception and in nothing else', () => {
    const all = TABLE.flatMap((row) => names.flatMap((name) => differences(name, row)))
    expect(all.sort()).toEqual(EXCEPTIONS.flatMap(toDifferences).sort())
  })
})

function differences(name: TargetName, row: Row): string[] {
  const [first = name] = names
  const one = flatten(answerTo(first, row), version(first, row))
  const other = flatten(answerTo(name, row), version(name, row))
  const fields = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...fields]
    .filter((field) => one[field] !== other[field])
    .map((field) => `${name}: ${row.id}: ${field}`)
}

/** An answer's fields, with the validators of the file taken out. */
function flatten({ headers, ...rest }: Answer, { etag, date }: Version): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...headers, ...rest }
  if (fields.etag === etag) fields.etag = '{etag}'
  if (fields['last-modified'] === date) fields['last-modified'] = '{date}'
  return fields
}

function toDifferences({ targets, rows, fields }: Exception): string[] {
  return targets
    .filter((name) => names.includes(name))
    .flatMap((name) => rows.flatMap((row) => fields.map((field) => `${name}: ${row}: ${field}`)))
}

function rowsOf(name: TargetName): readonly Row[] {
  return name === 'workerd' ? TABLE : [...TABLE, ...FILES_ONLY]
}

function isMultipart({ expected }: Row): boolean {
  return expected.headers['content-type']?.startsWith('multipart/') ?? false
}

function exceptionFor(name: TargetName, row: Row): Exception | undefined {
  return EXCEPTIONS.find(({ targets, rows }) => targets.includes(name) && rows.includes(row.id))
}

function version(name: TargetName, row: Row): Version {
  return versionOf(row.file, versions.get(name) ?? new Map())
}

function answerTo(name: TargetName, row: Row): Answer {
  const answer = heard.get(name)?.answers.get(row.name)
  if (answer === undefined) throw new Error('Expected an answer, got none')
  if (answer instanceof Error) throw answer
  return answer
}
