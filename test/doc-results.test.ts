import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** `call(…) // result` in a doc comment, where neither is shortened and the result is a literal. */
const CALL =
  /^ *\* (?:await )?(\w+\([^…\n]*\))(?:\n *\*)? \/\/ ((?:[[{'`\d]|true$|false$|null$)[^…\n]*)$/gm

const calls = ['src', 'adapters'].flatMap((folder) => {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const path = join(root, folder, name)
      const text = readFileSync(path, 'utf8')
      return Array.from(text.matchAll(CALL), ([, call, result]) => ({ path, call, result }))
    })
})

it('doc comments show results', () => {
  expect(calls.length).toBeGreaterThan(30)
})

it.each(calls)('$call is $result', async ({ path, call, result }) => {
  const exported = await import(path)
  const names = Object.keys(exported)
  const run = new Function(...names, `return [${call}, ${result}]`)
  const [got, expected] = run(...names.map((name) => exported[name]))
  expect(await got).toEqual(expected)
})
