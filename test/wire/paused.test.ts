import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RuntimeName, startCommand, stopCommands } from '../command-process.ts'
import { fetchOnce } from '../support/client.ts'
import { isInstalled } from '../support/runtimes.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { summary } from './ask.ts'
import { everywhere } from './everywhere.ts'
import { type Fixture, MIB, pattern } from './fixtures.ts'
import type { Target } from './targets.ts'

/** Longer than the time limits that runtimes set by default, in ms. */
const PAUSE = 30_000

/** More than the sockets hold, so that the server has to wait. */
const FILE: Fixture = {
  path: 'film.mp4',
  target: '/film.mp4',
  bytes: pattern(24 * MIB),
  type: 'video/mp4',
}

const { names, outcomeOf } = everywhere(FILE, download)

const runtimes = (['node', 'bun', 'deno'] as const).filter(isInstalled)
const root = temporaryDirectory()
const commands = new Map<RuntimeName, Promise<unknown>>()

beforeAll(() => {
  writeFileSync(join(root, FILE.path), FILE.bytes)
  for (const name of runtimes) {
    const { url } = startCommand(name, [root, '--port', '0'])
    const outcome = url.then((text) => pause(Number(new URL(text).port)))
    commands.set(
      name,
      outcome.catch((error: Error) => error),
    )
  }
})
afterAll(stopCommands)

describe.each(names)('%s', (name) => {
  it('waits for a client that pauses for 30 s', { timeout: PAUSE + 60_000 }, async () => {
    expect(await outcomeOf(name)).toEqual({
      body: summary(FILE.bytes),
      isAlive: true,
      complaints: '',
    })
  })
})

describe.each(runtimes)('byteserve under %s', (name) => {
  it('waits for a client that pauses for 30 s', { timeout: PAUSE + 60_000 }, async () => {
    expect(await commands.get(name)).toEqual(summary(FILE.bytes))
  })
})

/** As a player does that has enough of the film for now. The time is the condition here. */
async function download({ port, isAlive, complaints }: Target) {
  const body = await pause(port)
  return { body, isAlive: isAlive(), complaints: complaints() }
}

async function pause(port: number) {
  const chunks: Buffer[] = []
  await fetchOnce(port, [`GET ${FILE.target} HTTP/1.1`], async (chunk) => {
    if (chunks.length === 0) await setTimeout(PAUSE)
    chunks.push(chunk)
  })
  return summary(Buffer.concat(chunks))
}
