// race.mjs ROOT SECONDS COUNT OPTIONS PATH...: asks for files below a directory again and again, on
// Node, Bun or Deno, for so many seconds and at least so many times. Prints, as JSON, how often each
// answer came: its status, and its first bytes.
import process from 'node:process'
import { fileHandler } from '../../dist/src/index.js'

const [root, seconds, count, options, ...paths] = process.argv.slice(2)
const directory = await directoryOf()
const handler = fileHandler(directory(root, JSON.parse(options)), {
  onError: (error) => {
    errors[error?.message] = (errors[error?.message] ?? 0) + 1
  },
})
const errors = {}
const answers = {}
const end = performance.now() + 1000 * seconds
for (let i = 0; i < count || performance.now() < end; i++) {
  const path = paths[i % paths.length]
  const response = await handler(new Request(`http://localhost/${path}`))
  const bytes = new Uint8Array(await response.arrayBuffer())
  const [word = ''] = /^[a-z]*/.exec(new TextDecoder().decode(bytes.subarray(0, 10))) ?? []
  const isOne = word === 'version' || isRepeated(bytes, word.slice(0, 6))
  const shown = word === 'version' ? word : word.slice(0, 6)
  const answer = `${response.status} ${shown}${isOne ? '' : ' and others'}`.trim()
  answers[answer] = (answers[answer] ?? 0) + 1
  // Lets timers and closing have their turn.
  if (i % 64 === 0) await new Promise((resolve) => setTimeout(resolve))
}
console.log(JSON.stringify({ answers, errors }))
process.exit()

/** Whether all bytes are those of one word, again and again. */
function isRepeated(bytes, word) {
  const letters = new TextEncoder().encode(word)
  return bytes.every((byte, i) => byte === letters[i % letters.length])
}

async function directoryOf() {
  if (process.versions.bun) return (await import('../../dist/adapters/bun.js')).bunDirectory
  if (process.versions.deno) return (await import('../../dist/adapters/deno.js')).denoDirectory
  return (await import('../../dist/adapters/node.js')).nodeDirectory
}
