import process from 'node:process'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { findProgram } from './test/support/installed.ts'

/** What needs a real browser. */
const BROWSER = [
  'browser',
  'command-bundle',
  'cors',
  'growing-browser',
  'http2-seeks',
  'listing',
  'made-browser',
  'page-lists',
  'page-media',
  'service-worker',
]

/** Of these, what is asked of Firefox, too: at the same time, where each takes its time. */
const FIREFOX = ['made-browser', 'page-lists', 'page-media']

/** On a desk, it may be missing; in CI, its tests then fail. */
const expectsFirefox = process.env.CI || findProgram('firefox-esr') || findProgram('firefox')

/** What is published, and what its documents and examples say. */
const PACKAGE = [
  'doc-comments',
  'docs',
  'docs-programs',
  'example-trees',
  'examples',
  'frameworks',
  'package',
  'quick-starts',
  'site-docs',
  'structure',
]

/** What starts other processes or runtimes: servers, stores, the command, tools of the machine. */
const WIRE = [
  'attacks/**/*',
  'wire/**/*',
  'adapters',
  'cache-*',
  'cdn',
  'check*',
  'command',
  'command-elsewhere',
  'command-log',
  'command-made',
  'command-open',
  'command-page',
  'command-serving',
  'command-workers',
  'contract',
  'encrypted',
  'express',
  'faststart',
  'fingerprint',
  'growing',
  'http',
  'made',
  'made-download',
  'made-worker',
  'node-listener',
  'open-files',
  'page-large',
  'programs',
  'r2',
  's3*',
  'sign',
  'site-contract',
  'wrangler',
  'zip',
  'zip-entry',
]

/**
 * Unit tests that put others in the place of modules or, as @hono/node-server does with Response, of
 * globals, or that look into what a process has once.
 */
const ALONE = [
  'devices',
  'idle-files',
  'lifetime',
  'native-node',
  'running',
  'windows*',
  'without-descriptors',
  'worker-pool',
  'zip-folder',
]

/**
 * What takes a quarter of a minute or more, the longest first, but for what only waits: that overlaps
 * all.
 */
const LONGEST = [
  'wire/paused',
  'attacks/mounts',
  'page-media',
  'page-lists',
  'wire/elsewhere',
  'wire/elsewhere-broken',
  'contract',
  'check',
  's3',
  'command-elsewhere',
  'package',
  'command',
  'command-serving',
  'wire/memory',
  'attacks/races',
  'wire/aborts',
  'attacks/odd-files',
  'page-large',
  'site-contract',
  'http2-seeks',
  'browser',
  'cache-tiers',
  'cache-upstream',
  'command-log',
  'http',
  'frameworks',
  'wire/beside',
  'wire/changes',
  'made-browser',
]

/** Begins with what takes longest: what begins last would end alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      if (at < 0) return LONGEST.length
      // A page takes twice as long in Firefox.
      return project.name === 'firefox' && /\/page-/.test(moduleId) ? -1 : at
    }
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

/** How long a test or a hook may take, in ms. */
const LIMIT = process.env.CI ? 180_000 : 60_000

/** A project: `npx vitest run --project unit`. */
function project(
  name: string,
  included: readonly string[],
  {
    excluded = [],
    env = {},
    isolate = true,
  }: {
    excluded?: readonly string[]
    env?: { TEST_BROWSER?: string }
    isolate?: boolean
  } = {},
) {
  const files = (names: readonly string[]) => names.map((each) => `test/${each}.test.ts`)
  const include = files(included)
  const exclude = files(excluded)
  // What runs the build wants it to be that of today's sources.
  const globalSetup = name.startsWith('unit') ? [] : ['test/support/fresh-build.ts']
  return { extends: true as const, test: { name, include, exclude, globalSetup, env, isolate } }
}

export default defineConfig({
  test: {
    // Ten times what the slowest test takes alone: some thirty processes share two cores. In CI, with
    // neighbours, it may be thirty times. It ends what hangs; nothing else waits for it.
    testTimeout: LIMIT,
    hookTimeout: LIMIT,
    // The same for what a test polls for.
    expect: { poll: { timeout: LIMIT / 2 } },
    // What fails once in CI is tried once more, when what it stumbled over may be over, and vitest says
    // so; .ci/run then tries its file alone. On a desk, nothing is.
    retry: process.env.CI ? { count: 1, delay: 3000 } : 0,
    globalSetup: ['test/support/run-directory.ts'],
    // Two cores would give one, and then what waits (a reader that pauses for 30 s) overlaps nothing.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      // On the sources, and in seconds.
      // In few processes: to start one for each file, which imports the same, is a third of the work.
      project('unit', ['**/*'], {
        excluded: [...WIRE, ...BROWSER, ...PACKAGE, ...ALONE],
        isolate: false,
      }),
      project('unit-alone', ALONE),
      project('wire', WIRE),
      project('browser', BROWSER, { env: { TEST_BROWSER: 'Chromium' } }),
      ...(expectsFirefox
        ? [project('firefox', FIREFOX, { env: { TEST_BROWSER: 'Firefox' } })]
        : []),
      project('package', PACKAGE),
    ],
  },
})
