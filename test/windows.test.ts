import cluster from 'node:cluster'
import { closeSync, constants, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { inThreadPool, onThisThread } from '../adapters/local/calls.ts'
import { Devices } from '../adapters/local/devices/devices.ts'
import { nodeDirectory } from '../adapters/node.ts'
import { localRoot } from '../command/roots/local.ts'
import { startWorker } from '../command/workers/processes.ts'
import { fileHandler } from '../src/index.ts'
import { temporaryDirectory } from './support/temporary.ts'

/** Windows 11 by libuv 1.49 and 1.50: the device of what is open is told, but not that of a path. */
vi.mock(import('node:process'), async (original) => {
  const { default: process } = await original()
  const versions = { ...process.versions, uv: '1.49.2' }
  const told = { platform: { value: 'win32' }, versions: { value: versions } }
  return { default: Object.create(process, told) }
})

vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const untold = <T>(stat: T): T => (stat ? Object.assign(stat, { dev: 0 }) : stat)
  const calls = Object.fromEntries(
    (['stat', 'lstat'] as const).flatMap((name) => [
      [
        name,
        (path: string, done: (error: Error | null, stat: unknown) => void) =>
          fs[name](path, (error, stat) => done(error, untold(stat))),
      ],
      [`${name}Sync`, (path: string, options: object) => untold(fs[`${name}Sync`](path, options))],
    ]),
  )
  // It leaves short names as they are; here, these are links.
  const realpathSync = Object.assign((path: string) => path, fs.realpathSync)
  // Of a worker, as built.
  return { ...fs, ...calls, realpathSync, existsSync: () => true }
})

vi.mock(import('node:cluster'), async (original) => {
  const { default: cluster } = await original()
  const { EventEmitter } = await import('node:events')
  const worker = Object.assign(new EventEmitter(), { isConnected: () => false })
  const fakes = { setupPrimary() {}, fork: () => worker, schedulingPolicy: cluster.SCHED_NONE }
  return { default: Object.assign(Object.create(cluster), fakes) }
})

const root = temporaryDirectory()
const path = join(root, 'a.txt')
writeFileSync(path, 'text')
utimesSync(path, 1e9, 1e9)

it.each([
  ['this thread', onThisThread],
  ['the thread pool', inThreadPool],
])('a file is on the device that it is on, open or not: asked on %s', async (_where, calls) => {
  const fd = await calls.open(path, constants.O_RDONLY)
  const found = [await calls.stat(path), await calls.lstat(path), await calls.fstat(fd)]
  closeSync(fd)
  expect(new Set(found.map((stat) => stat?.dev)).size).toBe(1)
})

it('a file below a folder is served', async () => {
  const handler = fileHandler(nodeDirectory(root))
  const { status, headers } = await handler(new Request('http://localhost/a.txt'))
  expect([status, headers.get('etag')]).toEqual([200, expect.stringMatching(/^"/)])
})

it.each([
  ['C:\\films\\a.mp4', true],
  ['\\\\nas\\films\\a.mp4', false],
  ['\\\\?\\UNC\\nas\\films\\a.mp4', false],
  ['\\\\?\\Volume{4c1b02c1}\\a.mp4', true],
])('what a share has is not on this machine, whatever drive it is: %s', async (real, isLocal) => {
  const told = vi.spyOn(inThreadPool, 'realpath').mockResolvedValue(Buffer.from(real))
  onTestFinished(() => told.mockRestore())
  const devices = new Devices(async () => null)
  const found = await devices.stat(path)
  expect(devices.isLocal(found?.dev ?? -1)).toBe(isLocal)
})

it('what the system has no name for is on this machine', async () => {
  const unknown = Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
  const told = vi.spyOn(inThreadPool, 'realpath').mockRejectedValue(unknown)
  onTestFinished(() => told.mockRestore())
  const devices = new Devices(async () => null)
  const found = await devices.stat(path)
  expect(devices.isLocal(found?.dev ?? -1)).toBe(true)
})

it('workers take connections in turn, which Windows leaves to chance', () => {
  startWorker(
    () => {},
    () => {},
  )
  expect(cluster.schedulingPolicy).toBe(cluster.SCHED_RR)
})

const host = { openDirectory: nodeDirectory }

it('a file that is named by its short name is served by its own', () => {
  writeFileSync(join(root, 'a film.mp4'), 'film')
  symlinkSync('a film.mp4', join(root, 'AFILM~1.MP4'))
  expect(localRoot(join(root, 'AFILM~1.MP4'), host).file).toBe('a film.mp4')
})

it('the quote that a backslash before it takes in is no part of a path', () => {
  const folder = join(root, 'My Films')
  mkdirSync(folder)
  expect(localRoot(`${folder}"`, host).name).toBe('My Films')
  expect(() => localRoot(`${folder}" --port 80`, host)).toThrow(
    `a backslash before a quote takes the quote in: write "${folder}"`,
  )
})
