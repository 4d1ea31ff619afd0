import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fetchOnce } from '../support/client.ts'
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

describe.each(names)('%s', (name) => {
  it('waits for a client that pauses for 30 s', { timeout: PAUSE + 60_000 }, async () => {
    expect(await outcomeOf(name)).toEqual({
      body: summary(FILE.bytes),
      isAlive: true,
      complaints: '',
    })
  })
})

/** As a player does that has enough of the film for now. The time is the condition here. */
async function download({ port, isAlive, complaints }: Target) {
  const chunks: Buffer[] = []
  await fetchOnce(port, [`GET ${FILE.target} HTTP/1.1`], async (chunk) => {
    if (chunks.length === 0) await setTimeout(PAUSE)
    chunks.push(chunk)
  })
  return { body: summary(Buffer.concat(chunks)), isAlive: isAlive(), complaints: complaints() }
}
