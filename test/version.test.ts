import { describe, expect, it } from 'vitest'
import {
  ctimeRacyFor,
  entityTag,
  type FileStat,
  hasSameBytes,
  isSame,
  isSameFile,
  lastModified,
  mtimeRacyFor,
  versionTag,
} from '../adapters/local/version.ts'

const stat: FileStat = {
  dev: 1,
  ino: 2,
  nlink: 1,
  mode: 0o100644,
  uid: 3,
  gid: 4,
  size: 5,
  mtimeMs: Date.UTC(2026, 0),
  ctimeMs: Date.UTC(2026, 1) + 0.5,
}

it('a listing names a version, unless it is racy or one that an image may have', () => {
  const now = stat.ctimeMs + 60_000
  const second = { ...stat, ctimeMs: stat.mtimeMs }
  expect([stat, { ...stat, mtimeMs: now }, second].map((each) => versionTag(each, now))).toEqual([
    `"2-5-${stat.mtimeMs}-${Math.floor(stat.ctimeMs)}"`,
    undefined,
    undefined,
  ])
})

it.each([
  ['just written, on a fine clock', 5000.5, 5000.5],
  ['dated, on a clock of whole seconds', 4000, 5000],
])('a listing names a version that was %s', (_how, mtimeMs, ctimeMs) => {
  const dated = { ...stat, mtimeMs, ctimeMs }
  expect(versionTag(dated, 60_000)).toBe(`"2-5-${Math.floor(mtimeMs)}-5000"`)
})

describe('two looks', () => {
  it.each<[keyof FileStat, same: boolean, file: boolean, bytes: boolean]>([
    ['dev', false, false, true],
    ['ino', false, false, true],
    ['mode', false, true, true],
    ['uid', false, true, true],
    ['gid', false, true, true],
    ['size', false, true, false],
    ['mtimeMs', false, true, false],
    ['ctimeMs', false, true, true],
    ['nlink', true, true, true],
  ])('that differ in %s', (name, ...expected) => {
    const other = { ...stat, [name]: stat[name] + 1 }
    expect([isSame(stat, other), isSameFile(stat, other), hasSameBytes(stat, other)]).toEqual(
      expected,
    )
  })
})

describe('a version', () => {
  const fine = Date.UTC(2026, 0) + 0.25
  const coarse = Date.UTC(2026, 0)
  it.each<[string, Partial<FileStat>, isLocal: boolean, number]>([
    ['for a tick of a fine clock', { mtimeMs: fine, ctimeMs: fine }, true, 20],
    [
      'for as long where its time was set, and is of now',
      { mtimeMs: coarse, ctimeMs: fine },
      true,
      20,
    ],
    ['for two seconds where times are whole', { mtimeMs: coarse, ctimeMs: coarse }, true, 2000],
    [
      'for two seconds by the clock of another machine',
      { mtimeMs: fine, ctimeMs: fine },
      false,
      2000,
    ],
  ])('has a racy mtime %s', (_when, times, isLocal, duration) => {
    const dated = { ...stat, ...times }
    const at = (now: number) => mtimeRacyFor(dated, isLocal, now) > 0
    expect(
      [dated.mtimeMs, dated.mtimeMs + duration - 0.5, dated.mtimeMs + duration].map(at),
    ).toEqual([true, true, false])
  })

  it('of the future has an mtime that is as racy as its ctime, and of the past none', () => {
    const now = Date.UTC(2026, 5)
    const racyFor = (mtimeMs: number, ctimeMs: number) =>
      mtimeRacyFor({ ...stat, mtimeMs, ctimeMs }, true, now)
    expect([
      racyFor(now + 1e9, now - 19.5),
      racyFor(now + 1e9, now - 20.5),
      racyFor(now - 1e9, now + 0.5),
    ]).toEqual([0.5, 0, 0])
  })

  it('has a racy ctime for as long as that is of the same tick', () => {
    const now = Date.UTC(2026, 5)
    const at = (ctimeMs: number, isLocal = true) => ctimeRacyFor({ ...stat, ctimeMs }, isLocal, now)
    expect([
      at(now - 19.5),
      at(now - 20.5),
      at(now - 1000),
      at(now - 2000),
      at(now - 1999.5, false),
    ]).toEqual([0.5, 0, 1000, 0, 0.5])
  })
})

describe('the tag of a version', () => {
  it.each<[string, number, boolean, string]>([
    ['a small one says its bytes alone', 5, false, '"5-sum"'],
    ['the largest small one too', 0x100000, false, '"100000-sum"'],
    ['a larger one says its time', 0x100001, false, `"100001-${stat.mtimeMs.toString(16)}-sum"`],
    ['one that may change is weak, and another', 5, true, 'W/"5-sum-new"'],
  ])('%s', (_what, size, isYoung, expected) => {
    expect(entityTag({ ...stat, size }, 'sum', isYoung)).toBe(expected)
  })

  it('cuts the time to the ms, and is the same where it is beyond all dates', () => {
    const tag = (mtimeMs: number) => entityTag({ ...stat, size: 2 ** 21, mtimeMs }, 'sum', false)
    expect([tag(1000.999), tag(-0.5), tag(9.9e15), tag(8.64e15)]).toEqual([
      '"200000-3e8-sum"',
      '"200000--1-sum"',
      tag(8.64e15),
      `"200000-${(8.64e15).toString(16)}-sum"`,
    ])
  })
})

describe('the date of a version', () => {
  it.each<[string, number, number | null]>([
    ['of today', Date.UTC(2026, 0, 1, 0, 0, 0, 987) + 0.7, Date.UTC(2026, 0, 1, 0, 0, 0, 987)],
    ['of the first year of the Web', Date.UTC(1991, 0), Date.UTC(1991, 0)],
    // Archives and images built to be reproducible date every version so.
    ['of the epoch', 0, null],
    ['of when ZIP began, where it is still the year before', Date.UTC(1979, 11, 31, 12), null],
    ['of when ZIP began, where it has long begun', Date.UTC(1980, 0, 1, 12), null],
    ['of npm', Date.UTC(1985, 9, 26, 8, 15), null],
    ['before the epoch', -1e12, null],
    ['beyond all dates', 9.9e15, null],
  ])('%s', (_what, mtimeMs, expected) => {
    expect(lastModified({ ...stat, mtimeMs })?.getTime() ?? null).toBe(expected)
  })
})
