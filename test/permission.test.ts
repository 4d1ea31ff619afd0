import process from 'node:process'
import { expect, it, onTestFinished, vi } from 'vitest'
import { isReadable } from '../adapters/local/permission.ts'
import type { FileStat } from '../adapters/local/version.ts'

const [ME, MINE, MY_GROUP, OTHERS] = [1000, 1000, 100, 7]

it.each<[mode: number, uid: number, gid: number, user: number | undefined, expected: boolean]>([
  [0o644, OTHERS, OTHERS, ME, true],
  [0o000, OTHERS, OTHERS, 0, true],
  [0o600, ME, OTHERS, ME, true],
  [0o066, ME, MINE, ME, false],
  [0o040, OTHERS, MINE, ME, true],
  [0o040, OTHERS, MY_GROUP, ME, true],
  [0o404, OTHERS, MY_GROUP, ME, false],
  [0o004, OTHERS, OTHERS, ME, true],
  [0o440, OTHERS, OTHERS, ME, false],
  // Windows and Deno don't tell who this is.
  [0o644, OTHERS, OTHERS, undefined, true],
  [0o600, ME, MINE, undefined, false],
])('mode %o of user %i and group %i, for user %j', (mode, uid, gid, user, expected) => {
  onTestFinished(() => void vi.restoreAllMocks())
  vi.spyOn(process, 'geteuid').mockReturnValue(user as number)
  vi.spyOn(process, 'getegid').mockReturnValue(MINE)
  vi.spyOn(process, 'getgroups').mockReturnValue([MY_GROUP])
  expect(isReadable({ mode: 0o100000 | mode, uid, gid } as FileStat)).toBe(expected)
})
