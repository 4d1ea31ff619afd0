import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { summary } from './ask.ts'
import { fetchOnce } from './client.ts'
import { type Fixture, MIB, pattern } from './fixtures.ts'
import {
  installed,
  startTargets,
  stopTargets,
  TARGETS,
  type Target,
  type TargetName,
} from './targets.ts'

/** Longer than the time limits that runtimes set by default, in ms. */
const PAUSE = 30_000

/** More than the sockets hold, so that the server has to wait. */
const FILE: Fixture = {
  path: 'film.mp4',
  target: '/film.mp4',
  bytes: pattern(24 * MIB),
  type: 'video/mp4',
}

const names = installed(TARGETS)
const root = mkdtempSync(join(tmpdir(), 'byteserve-paused-'))
const bodies = new Map<TargetName, Promise<string | Error>>()
let targets: Target[] = []

// All at the same time: vitest would do five.
beforeAll(async () => {
  writeFileSync(join(root, FILE.path), FILE.bytes)
  targets = await startTargets(names, root, [FILE])
  for (const { name, port } of targets) {
    bodies.set(
      name,
      download(port).catch((error: Error) => error),
    )
  }
}, 120_000)

afterAll(async () => {
  await stopTargets(targets)
  rmSync(root, { recursive: true, force: true })
})

describe.each(names)('%s', (name) => {
  it('waits for a client that pauses for 30 s', { timeout: PAUSE + 60_000 }, async () => {
    const body = await bodies.get(name)
    const target = targets.find((one) => one.name === name)
    const outcome = { body, isAlive: target?.isAlive(), complaints: target?.complaints() }
    expect(outcome).toEqual({ body: summary(FILE.bytes), isAlive: true, complaints: '' })
  })
})

/** As a player does that has enough of the film for now. The time is the condition here. */
async function download(port: number): Promise<string> {
  const chunks: Buffer[] = []
  await fetchOnce(port, [`GET ${FILE.target} HTTP/1.1`], async (chunk) => {
    if (chunks.length === 0) await setTimeout(PAUSE)
    chunks.push(chunk)
  })
  return summary(Buffer.concat(chunks))
}
