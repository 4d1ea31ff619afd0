// race.mjs SECONDS COUNT RACES: asks for files below a directory again and again, on Node, Bun or Deno,
// for so many seconds and at least so many times, 16 at once; one race after the other, as JSON says:
// [{"root":"/tmp/films","options":{},"paths":["a.mp4"]}]. Prints of each, as JSON, how often each answer
// came: its status, and its first bytes.
import { Buffer } from 'node:buffer'
import process from 'node:process'
import { fileHandler } from '../../dist/src/index.js'

const [seconds, count, races] = process.argv.slice(2)
const directory = await directoryOf()
const results = []
for (const each of JSON.parse(races)) results.push(await race(each))
console.log(JSON.stringify(results))
process.exit()

async function race({ root, options, paths }) {
  const errors = {}
  const answers = {}
  const onError = (error) => {
    errors[error?.message] = (errors[error?.message] ?? 0) + 1
  }
  const handler = fileHandler(directory(root, options), { onError })
  const end = performance.now() + 1000 * seconds
  let asked = 0
  await Promise.all(Array.from({ length: 16 }, askAgain))
  return { answers, errors }

  /** One of those that ask at the same time. */
  async function askAgain() {
    while (asked < count || performance.now() < end) {
      const path = paths[asked++ % paths.length]
      const response = await handler(new Request(`http://localhost/${path}`))
      const bytes = new Uint8Array(await response.arrayBuffer())
      const [word = ''] = /^[a-z]*/.exec(new TextDecoder().decode(bytes.subarray(0, 10))) ?? []
      const isOne = word === 'version' || isRepeated(bytes, word.slice(0, 6))
      const shown = word === 'version' ? word : word.slice(0, 6)
      const answer = `${response.status} ${shown}${isOne ? '' : ' and others'}`.trim()
      answers[answer] = (answers[answer] ?? 0) + 1
      // Lets timers and closing have their turn.
      if (asked % 64 === 0) await new Promise((resolve) => setTimeout(resolve))
    }
  }
}

/** Whether all bytes are those of one word, again and again. */
function isRepeated(bytes, word) {
  return Buffer.alloc(bytes.length, word).equals(bytes)
}

async function directoryOf() {
  if (process.versions.bun) return (await import('../../dist/adapters/bun.js')).bunDirectory
  if (process.versions.deno) return (await import('../../dist/adapters/deno.js')).denoDirectory
  return (await import('../../dist/adapters/node.js')).nodeDirectory
}
