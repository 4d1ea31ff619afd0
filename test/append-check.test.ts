import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AppendCheck, Marks, type Verdict } from '../adapters/local/pool/append-check.ts'
import type { FileStat } from '../adapters/local/version.ts'
import { someBytes } from './support/counting-source.ts'

const old = someBytes(1000)

/** Long ago, so that any change shows. */
const opened: FileStat = {
  dev: 1,
  ino: 2,
  nlink: 1,
  mode: 0o100644,
  uid: 0,
  gid: 0,
  size: old.length,
  mtimeMs: 5000,
  ctimeMs: 5000.5,
}

/** What is thought of a file of these bytes, which had the old ones. */
function judge(bytes: Uint8Array, changes: Partial<FileStat> = {}): Promise<Verdict> {
  const marks = new Marks()
  marks.add(old.subarray(0, 700))
  marks.add(old.subarray(700))
  const check = new AppendCheck(opened, marks.bytes, true)
  const found = { ...opened, size: bytes.length, mtimeMs: 6000, ctimeMs: 6000.5, ...changes }
  return check.judge(found, async (start, end) => bytes.subarray(start, end))
}

/** The same, changed at one byte, and longer. */
function changedAt(at: number): Uint8Array {
  const bytes = Buffer.concat([old, someBytes(9, 2)])
  bytes[at] = (bytes[at] ?? 0) + 1
  return bytes
}

describe('a file that changed', () => {
  it.each<[string, Uint8Array, Verdict]>([
    ['was added to', Buffer.concat([old, someBytes(500, 2)]), 'intact'],
    ['was changed at byte 0', changedAt(0), 'changed'],
    ['was changed at byte 255', changedAt(255), 'changed'],
    ['was changed at byte 256', changedAt(256), 'intact'],
    ['was changed at the 257th byte from its end', changedAt(743), 'intact'],
    ['was changed at the 256th byte from its end', changedAt(744), 'changed'],
    ['was changed at its last byte', changedAt(999), 'changed'],
    ['was cut', old.subarray(0, 999), 'changed'],
    ['has another time, so far', old, 'unclear'],
  ])('%s', async (_what, bytes, verdict) => {
    expect(await judge(bytes)).toBe(verdict)
  })

  it.each<[string, Uint8Array, Verdict]>([
    ['was renamed', old, 'intact'],
    ['was rewritten and dated back', changedAt(0).subarray(0, 1000), 'changed'],
  ])('in its ctime alone %s', async (_what, bytes, verdict) => {
    expect(await judge(bytes, { mtimeMs: opened.mtimeMs })).toBe(verdict)
  })

  it('and is shorter than the marks of a long one was added to', async () => {
    const marks = new Marks()
    marks.add(old.subarray(0, 3))
    const check = new AppendCheck({ ...opened, size: 3 }, marks.bytes, true)
    const found = { ...opened, size: 5, mtimeMs: 6000 }
    const read = async (start: number, end: number) => old.subarray(0, 5).subarray(start, end)
    expect(await check.judge(found, read)).toBe('intact')
  })

  it.each([
    ['just now', 0, false],
    ['3 s ago', 3000, true],
  ])('%s by an append may change again in the same tick, or not', async (_when, ago, isKnown) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1e12 })
    onTestFinished(() => void vi.useRealTimers())
    const marks = new Marks()
    marks.add(old)
    const check = new AppendCheck(opened, marks.bytes, true)
    const time = Date.now() - ago
    const found = { ...opened, size: 1009, mtimeMs: time, ctimeMs: time }
    const verdict = await check.judge(found, async (start, end) => old.subarray(start, end))
    expect([verdict, check.isKnown(found)]).toEqual(['intact', isKnown])
  })

  it('becoming shorter than it was seen is no append, however long it was at first', async () => {
    const marks = new Marks()
    marks.add(old)
    const check = new AppendCheck(opened, marks.bytes, true)
    const judgeAt = (size: number, mtimeMs: number) =>
      check.judge({ ...opened, size, mtimeMs }, async (start, end) => old.subarray(start, end))
    expect([await judgeAt(2000, 6000), await judgeAt(1500, 7000)]).toEqual(['intact', 'changed'])
  })

  it('in nothing is not read', async () => {
    const check = new AppendCheck(opened, new Uint8Array(0), true)
    const failing = () => Promise.reject(new Error('EIO'))
    const copy = { ...opened }
    expect([check.isKnown(copy), await check.judge(copy, failing)]).toEqual([true, 'intact'])
  })

  it('in its inode alone is the same: some file systems number anew', () => {
    const check = new AppendCheck(opened, new Uint8Array(0), true)
    expect(check.isKnown({ ...opened, ino: 3 })).toBe(true)
  })

  it('and can not be read is taken for another', async () => {
    const check = new AppendCheck(opened, new Uint8Array(0), true)
    const failing = () => Promise.reject(new Error('EIO'))
    expect(await check.judge({ ...opened, size: 2000 }, failing)).toBe('changed')
  })
})
