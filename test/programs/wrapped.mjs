// On Bun or Deno: sources whose `read` skips the first byte of the file that they wrap, or adds one to
// each. Prints the length of each body, and whether its bytes are those of that `read`.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { bunDirectory } from '../../dist/adapters/bun.js'
import { denoDirectory } from '../../dist/adapters/deno.js'
import { fileHandler } from '../../dist/src/index.js'

const root = mkdtempSync(join(tmpdir(), 'byteserve-'))
for (const length of [1000, 2_000_000]) {
  const path = join(root, `${length}.bin`)
  writeFileSync(
    path,
    Uint8Array.from({ length }, (_, i) => i),
  )
  utimesSync(path, 5000, 5000)
}
const isBun = process.versions.bun !== undefined
const lookup = isBun ? bunDirectory(root) : denoDirectory(root, { native: true })
const skipping = (file) => {
  return { ...file, size: file.size - 1, read: (start, end) => file.read(start + 1, end + 1) }
}
const adding = (file) => {
  return {
    ...file,
    read: async (start, end) => (await file.read(start, end)).map((byte) => byte + 1),
  }
}
for (const wrap of [skipping, adding]) {
  const handler = fileHandler(async (request) => wrap(await lookup(request)))
  for (const name of ['1000', '2000000']) {
    const response = await handler(new Request(`http://localhost/${name}.bin`))
    const bytes = new Uint8Array(await response.arrayBuffer())
    const isSame = bytes.every((byte, i) => byte === (i + 1) % 256)
    console.log(bytes.length, isSame ? 'same' : 'other')
  }
}
rmSync(root, { recursive: true })
process.exit()
