import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** What is built, and the last thing that building it writes. */
const BUILT = [
  { folders: ['src', 'adapters', 'command'], build: 'dist/src/index.js' },
  { folders: ['examples'], build: 'dist/examples/node.js' },
]

/** @throws Error when dist/ is older than what it is built from: its tests would test the past */
export default function expectFreshBuild(): void {
  for (const { folders, build } of BUILT) {
    const built = existsSync(join(root, build)) ? statSync(join(root, build)).mtimeMs : 0
    for (const source of folders.flatMap(sourcesBelow)) {
      if (statSync(join(root, source)).mtimeMs <= built) continue
      throw new Error(`dist/ is older than ${source}: npm run build`)
    }
  }
}

function sourcesBelow(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))
}
