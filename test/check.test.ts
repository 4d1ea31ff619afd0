import { afterEach, describe, expect, it } from 'vitest'
import { check, type Report } from '../adapters/check.ts'
import { FAULTS } from './check/faults.ts'
import { type Fault, type ModelFile, type ModelServer, startModel } from './check/model-server.ts'

const MIB = 1024 * 1024

/** The boxes of an MP4, as far as they are looked at. */
function boxes(...list: [type: string, length: number][]): Buffer {
  return Buffer.concat(
    list.map(([type, length]) => {
      const box = Buffer.alloc(Math.min(length, 64))
      box.writeUInt32BE(length, 0)
      box.write(type, 4, 'latin1')
      return box
    }),
  )
}

const HEAD = boxes(['ftyp', 32], ['free', 8], ['moov', 64])
const LARGE: ModelFile = { size: 64 * MIB + 12_345, head: HEAD }
const SMALL: ModelFile = { size: 300_123, head: HEAD }

const running: ModelServer[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

async function startServer(file: ModelFile, fault?: Fault): Promise<ModelServer> {
  const server = await startModel(file, fault)
  running.push(server)
  return server
}

const OPTIONS = { origin: 'https://app.example' }

function idsOf({ rows }: Report, outcome: Report['rows'][number]['outcome']): string[] {
  return rows.filter((row) => row.outcome === outcome).map(({ id }) => id)
}

describe('check', () => {
  it('finds nothing wrong with a server that does everything right', async () => {
    const server = await startServer(LARGE)
    const report = await check(new URL('/moved', server.url), OPTIONS)
    expect(idsOf(report, 'fail')).toEqual([])
    expect(idsOf(report, 'unknown')).toEqual([])
    expect(idsOf(report, 'info')).toEqual(['several-ranges'])
    expect(report.verdicts).toEqual({
      plays: 'pass',
      resumes: 'pass',
      caches: 'pass',
      cors: 'pass',
    })
    expect(report.passed).toBe(true)
  })

  it.each(FAULTS)('%s: finds %s, and nothing else', async (row, _what, fault) => {
    for (const file of [LARGE, SMALL]) {
      const server = await startServer(file, fault)
      const report = await check(new URL('/moved', server.url), OPTIONS)
      expect(idsOf(report, 'fail'), String(report)).toEqual([row])
    }
  })
})
