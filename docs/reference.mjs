// Writes the API reference into dist/reference: npm run docs
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const output = join(root, 'dist/reference')
const { exports } = JSON.parse(readFileSync(join(root, 'jsr.json'), 'utf8'))
/** By its path, such as `adapters/node.ts`, the name that a door is imported by. */
const doors = new Map(
  Object.entries(exports).map(([name, path]) => [path.slice(2), name.replace('.', 'byteserve')]),
)

rmSync(output, { recursive: true, force: true })
// Quiet: its warnings are about the types of Node.
const flags = ['doc', '--html', '--quiet', '--name=byteserve', `--output=${output}`]
const deno = join(root, 'node_modules/.bin/deno')
const { status } = spawnSync(deno, [...flags, ...doors.keys()], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(1)

// deno doc calls a module by its path, and says so in the imports that it shows; links go on to have it.
for (const name of readdirSync(output, { recursive: true })) {
  if (!/\.(?:html|js)$/.test(name)) continue
  const file = join(output, name)
  const text = readFileSync(file, 'utf8')
  const named = text.replace(/[\w-]+\/[\w-]+\.ts(?!\/)/g, (path) => doors.get(path) ?? path)
  if (named !== text) writeFileSync(file, named)
}
console.log(`open ${join(output, 'index.html')}`)
