import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { COMMAND, runCommand, stopCommands } from './command-process.ts'
import { pageIn, serveFiles } from './page-tab.ts'
import { run } from './support/process.ts'
import { isInstalled, runtimes } from './support/runtimes.ts'
import { BROWSERS, type Tab } from './support/tab.ts'
import { temporaryDirectory } from './support/temporary.ts'

/** Somebody's project, with the whole command in one minified file. */
const project = temporaryDirectory()
const bundle = join(project, 'dist/tools/byteserve.mjs')
const media = temporaryDirectory()

beforeAll(async () => {
  await build({
    entryPoints: [COMMAND],
    outfile: bundle,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
  })
  writeFileSync(join(project, 'package.json'), '{ "version": "99.0.0" }')
  mkdirSync(join(project, 'films'))
})

afterAll(stopCommands)

test('its --version is not that of the project around it', async () => {
  const outcome = await run(process.execPath, [bundle, '--version']).ended
  expect(outcome).toEqual(await runCommand('node', ['--version']))
})

const names = (['node', 'bun', 'deno'] as const).filter(isInstalled)

test.each(names)('under %s it says why it has no --workers', async (name) => {
  const flags = name === 'deno' ? ['run', '--allow-net', '--allow-read', '--unstable-net'] : []
  const args = [...flags, bundle, 'films', '--port', '0', '--workers', '2']
  expect(await run(runtimes[name] ?? '', args, { cwd: project }).ended).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'byteserve: --workers needs the worker.js of the package, which a bundle does not have\n',
  })
})

describe.each(BROWSERS)('in $name', ({ launch }) => {
  let tab: Tab
  let url = ''

  beforeAll(async () => {
    await serveFiles(media)
    tab = await launch()
  })

  const { open, state, titles, click } = pageIn(
    () => tab,
    () => url,
  )

  test('its page has all that its script calls', async () => {
    const server = run(process.execPath, [bundle, media, '--port', '0'])
    onTestFinished(() => server.stop())
    url = await server.says(/^(http:.*)\n/)
    await open('Films/Nosferatu.webm')
    await tab.press('k')
    await expect.poll(state).toMatchObject({ title: 'Nosferatu', isPaused: false })
    const note = () => tab.run(() => document.querySelector('#note')?.textContent)
    await expect.poll(note).toMatch(/^The index \(Cues/)
    await tab.press('?')
    const isHelped = () => tab.run(() => document.querySelector('#shortcuts[open]') !== null)
    await expect.poll(isHelped).toBe(true)
    await tab.press('Escape')
    await click('.video[href$="Broken.mp4"]')
    const trouble = () => tab.run(() => document.querySelector('#trouble:not([hidden])') !== null)
    await expect.poll(trouble).toBe(true)
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await click('#place a')
    await expect.poll(titles).toContain('Nosferatu')
    await tab.press('/', ...'png')
    await expect.poll(titles).toEqual([])
    await click('.picture')
    const picture = () => tab.run(() => document.querySelector('#viewer[open] img') !== null)
    await expect.poll(picture).toBe(true)
    expect(tab.faults()).toEqual([])
  })
})
