// instant.mjs DIRECTORY inode|permission ROUNDS: changes a file within the moment after it was served,
// on Node, Bun or Deno. Prints, as JSON, how often each answer came after that: its status and text.
import * as fs from 'node:fs'
import process from 'node:process'
import { fileHandler } from '../../dist/src/index.js'

const [place, change, rounds] = process.argv.slice(2)
const [name, secret] = [`${place}/root/name`, `${place}/outside/secret`]
for (const path of ['root', 'outside']) fs.mkdirSync(`${place}/${path}`, { recursive: true })
const directory = await directoryOf()
const handlers = [0, 1000].map((keepOpen) => {
  return fileHandler(directory(`${place}/root`, { keepOpen }), { onError: () => {} })
})
const answers = {}

for (let i = 0; i < Number(rounds); i++) {
  for (const path of [name, secret]) fs.rmSync(path, { force: true })
  fs.writeFileSync(name, 'inside')
  const handler = handlers[i % 2]
  const first = await answerOf(handler)
  if (first !== '200 inside') throw new Error(`Expected the file at first, got ${first}`)
  if (change === 'permission') fs.chmodSync(name, 0)
  else await takeInode()
  const answer = await answerOf(handler)
  answers[answer] = (answers[answer] ?? 0) + 1
}
console.log(JSON.stringify(answers))
process.exit()

/** Puts a file outside that gets the inode of the one inside, if it can be had, and a link to it. */
async function takeInode() {
  const { ino } = fs.statSync(name)
  fs.rmSync(name)
  for (let tries = 0; tries < 20; tries++) {
    fs.writeFileSync(secret, 'secret')
    if (fs.statSync(secret).ino === ino) break
    fs.rmSync(secret)
  }
  fs.writeFileSync(secret, 'secret')
  fs.symlinkSync(secret, name)
}

async function answerOf(handler) {
  const response = await handler(new Request('http://localhost/name'))
  return `${response.status} ${await response.text()}`.trim()
}

async function directoryOf() {
  if (process.versions.bun) return (await import('../../dist/adapters/bun.js')).bunDirectory
  if (process.versions.deno) return (await import('../../dist/adapters/deno.js')).denoDirectory
  return (await import('../../dist/adapters/node.js')).nodeDirectory
}
