import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { expect, it, onTestFinished } from 'vitest'
import { openFiles } from '../../adapters/local/shared.ts'
import { nodeDirectory } from '../../adapters/node.ts'
import { fileHandler } from '../../src/serve.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const place = temporaryDirectory()
const image = join(place, 'root', 'image')

it('files of two images that give every file the same date have two tags', async ({ skip }) => {
  const images = ['one', 'two'].map(makeImage)
  if (images.includes(null)) skip()
  const handler = fileHandler(nodeDirectory(join(place, 'root')))
  const answers: unknown[] = []
  let etag = '"none"'
  for (const name of ['one', 'two', 'one']) {
    if (!mount(name)) skip()
    const headers = { 'if-none-match': etag }
    const response = await handler(new Request('http://localhost/image/file', { headers }))
    answers.push([response.status, await response.text(), response.headers.get('last-modified')])
    etag = response.headers.get('etag') ?? ''
    openFiles.closeIdle()
    execFileSync('umount', [image])
  }
  expect(answers).toEqual(['one', 'two', 'one'].map((name) => [200, name, null]))
})

/** Makes an image with a file of a date that says nothing; null, which is said aloud, if it can't. */
function makeImage(name: string): string | null {
  const from = join(place, name)
  for (const directory of [from, image]) mkdirSync(directory, { recursive: true })
  writeFileSync(join(from, 'file'), name)
  try {
    execFileSync('mksquashfs', [from, `${from}.img`, '-quiet', '-no-progress', '-all-time', '0'])
    return `${from}.img`
  } catch (error) {
    return missing('mksquashfs is not installed', error)
  }
}

function mount(name: string): boolean {
  try {
    execFileSync('mount', ['-o', 'loop', '-t', 'squashfs', join(place, `${name}.img`), image])
  } catch (error) {
    return missing('no image can be mounted: that needs root, and a loop device', error) !== null
  }
  onTestFinished(() => {
    if (!existsSync(join(image, 'file'))) return
    execFileSync('umount', [image])
    rmSync(image, { recursive: true })
  })
  return true
}

function missing(message: string, cause: unknown): null {
  if (process.env.CI) throw new Error(message, { cause })
  console.warn(`SKIPPED: ${message}`)
  return null
}
