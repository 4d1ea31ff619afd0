// node decrypted.mjs ENCRYPTED PLAIN KEY COUNTER: serves the first, decrypted, and compares it.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { fileHandler } from 'byteserve'
import { nodeFile } from 'byteserve/node'
import { decrypted } from '../../dist/examples/encrypted.js'

const [encrypted, plain, keyText, counterText] = process.argv.slice(2)
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16))
const key = await crypto.subtle.importKey('raw', bytesOf(keyText), 'AES-CTR', false, ['decrypt'])
const whole = readFileSync(plain)

const handler = fileHandler(async () =>
  decrypted(await nodeFile(encrypted, { keepOpen: 0 }), key, bytesOf(counterText)),
)

async function get(range) {
  const headers = range === undefined ? {} : { range: `bytes=${range.join('-')}` }
  const response = await handler(new Request('http://localhost/', { headers }))
  return new Uint8Array(await response.arrayBuffer())
}

const ranges = [
  [0, 0],
  [15, 16],
  [16, 31],
  [262_143, 262_144],
  [1, 999_999],
  [whole.length - 1, ''],
]
for (const range of [undefined, ...ranges]) {
  const [first, last] = range ?? [0, '']
  const expected = whole.subarray(first, last === '' ? whole.length : last + 1)
  if (!expected.equals(await get(range))) throw new Error(`Expected the bytes ${range}`)
}
console.log('the same')
