import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../support/process.ts'
import { isInstalled, runtimes } from '../support/runtimes.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { compile } from '../support/tools.ts'

/**
 * For how long each race is run, in s, and for how many requests at least. By hand, with counts:
 *
 *     ATTACK_SECONDS=60 npx vitest run test/attacks/races.test.ts -t bun
 */
const SECONDS = process.env.ATTACK_SECONDS ?? '0.3'
const REQUESTS = process.env.ATTACK_REQUESTS ?? '200'

const BY_HAND =
  process.env.ATTACK_SECONDS !== undefined || process.env.ATTACK_REQUESTS !== undefined

/** How long names stay as they are, in µs: at 0, the attack is all that a core can do. */
const PAUSE = process.env.ATTACK_PAUSE ?? '50'

const exchange = compile('exchange')
const replace = compile('replace')
const script = fileURLToPath(new URL('race.mjs', import.meta.url))
const project = fileURLToPath(new URL('../../', import.meta.url))

const place = temporaryDirectory()
const deno = ['run', '--cached-only', '--no-lock']

/** Who races: Deno that may do everything, and Deno that may only read what it serves. */
const RACERS = [
  { name: 'node', runtime: 'node', flags: [] },
  { name: 'bun', runtime: 'bun', flags: [] },
  { name: 'deno', runtime: 'deno', flags: [...deno, '-A'] },
  { name: 'deno, confined', runtime: 'deno', flags: [...deno, `--allow-read=${place},${project}`] },
] as const
const racers = RACERS.filter(({ runtime }) => isInstalled(runtime))
const PERSEVERING = { timeout: 4000 * Number(SECONDS) + 10 * Number(REQUESTS) + 120_000 }

describe.runIf(exchange).each(racers)('$name, while names are swapped', ({ runtime, flags }) => {
  it('gives nothing from outside', PERSEVERING, async () => {
    const root = prepare()
    for (const name of ['a', 'b.txt', 'c.bin']) {
      await begin(exchange, [join(root, name), join(root, `${name}-link`), PAUSE])
    }
    const paths = ['a/f.txt', 'b.txt', 'c.bin']
    for (const { answers, ...race } of await raceAll(runtime, flags, [{ root, paths }])) {
      // Where only names can be asked, it says so when they led elsewhere again and again.
      const given = Object.keys(answers).filter((answer) => !/^(?:404|503)$/.test(answer))
      expect(given, JSON.stringify(race)).toEqual(['200 inside'])
    }
  })
})

describe.runIf(replace).each(racers)(
  '$name, while files are replaced',
  ({ runtime, flags, name }) => {
    it('always gives one of the two', PERSEVERING, async () => {
      const root = prepare()
      const current = turnable(root)
      // Names have to stay the same for as long as it takes to ask for them.
      const pause = name === 'deno, confined' ? '5000' : PAUSE
      await begin(replace, ['file', join(root, 'film'), 'version1', 'version2', pause])
      await begin(replace, ['file', join(root, 'deep/film'), 'version1', 'version2', pause])
      await begin(replace, ['link', join(root, 'now'), 'releases/1', 'releases/2', pause])
      await begin(replace, ['link', current, 'root-1', 'root-2', pause])
      const results = await raceAll(runtime, flags, [
        { root, paths: ['film', 'deep/film', 'now/film'] },
        { root: current, paths: ['film', 'deep/film'] },
      ])
      for (const { answers, errors, ...race } of results) {
        expect({ answers: Object.keys(answers), errors }, JSON.stringify(race)).toEqual({
          answers: ['200 version'],
          errors: {},
        })
      }
    })
  },
)

/** Starts a program that goes on until the end of the test. */
async function begin(program: string | null, args: readonly string[]): Promise<void> {
  const begun = run(program ?? '', args)
  onTestFinished(() => begun.stop())
  await begun.says(/(begun)/)
}

/** A directory of files inside, of links that lead out, and of two releases. */
function prepare(): string {
  const root = join(place, crypto.randomUUID(), 'root')
  const outside = join(root, '..', 'outside')
  for (const directory of ['a', 'deep', 'releases/1', 'releases/2', '../outside']) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  const contents = { 'f.txt': 'inside', 'b.txt': 'inside', 'c.bin': 'inside'.repeat(200_000) }
  writeFileSync(join(root, 'a', 'f.txt'), contents['f.txt'])
  for (const name of ['b.txt', 'c.bin'] as const) writeFileSync(join(root, name), contents[name])
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(outside, name), content.replaceAll('inside', 'secret'))
  }
  symlinkSync(outside, join(root, 'a-link'))
  for (const name of ['b.txt', 'c.bin'])
    symlinkSync(join(outside, name), join(root, `${name}-link`))
  for (const release of ['releases/1', 'releases/2', '.', 'deep']) {
    writeFileSync(join(root, release, 'film'), 'version1')
  }
  symlinkSync('releases/1', join(root, 'now'))
  return root
}

/** A link to one of two roots. */
function turnable(root: string): string {
  for (const release of ['root-1', 'root-2']) {
    mkdirSync(`${root}/../${release}/deep`, { recursive: true })
    for (const path of ['film', 'deep/film']) {
      writeFileSync(`${root}/../${release}/${path}`, 'version1')
    }
  }
  const link = join(root, '..', 'current')
  symlinkSync('root-1', link)
  return link
}

/** What is raced for: files below a directory, whose files are kept open or not. */
interface Race {
  readonly root: string
  readonly paths: readonly string[]
}

interface Result extends Race {
  readonly options: object
  readonly answers: Record<string, number>
  readonly errors: Record<string, number>
}

/** One race after the other, in one process; first with no file kept open, then as by default. */
async function raceAll(
  runtime: keyof typeof runtimes,
  flags: readonly string[],
  races: readonly Race[],
): Promise<Result[]> {
  const all = [{ keepOpen: 0 }, {}].flatMap((options) =>
    races.map((each) => ({ ...each, options })),
  )
  const args = [...flags, script, SECONDS, REQUESTS, JSON.stringify(all)]
  const racer = run(runtimes[runtime] ?? runtime, args, { cwd: project })
  onTestFinished(() => racer.stop())
  const { code, stdout, stderr } = await racer.ended
  if (code !== 0) throw new Error(stderr)
  const results: Pick<Result, 'answers' | 'errors'>[] = JSON.parse(stdout)
  expect(results.length).toBe(all.length)
  return all.map((each, i) => {
    const { answers = {}, errors = {} } = results[i] ?? {}
    // Who runs it by hand, for long, wants to know how often.
    if (BY_HAND) console.info(runtime, ...flags.slice(-1), JSON.stringify(each), answers, errors)
    return { ...each, answers, errors }
  })
}
