/*
 * Asks a module that is a Fetch server for some files, on whatever runtime this runs on.
 *
 * ask.mjs MODULE [METHOD PATH RANGE]…    RANGE is - for none; prints a line of JSON for each
 */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

const [module, ...words] = process.argv.slice(2)
const { default: server } = await import(pathToFileURL(module).href)
for (let i = 0; i < words.length; i += 3) {
  const [method, path, asked] = words.slice(i, i + 3)
  const headers = asked === '-' ? {} : { range: asked }
  const request = new Request(`http://localhost${path}`, { method, headers })
  const response = await server.fetch(request)
  const body = Buffer.from(await response.arrayBuffer())
  const digest = createHash('sha256').update(body).digest('base64url')
  const { etag = null, 'content-range': range = null } = Object.fromEntries(response.headers)
  // A tag may be a digest of the whole file.
  const isWhole = etag === `"${digest}"`
  const type = response.headers.get('content-type')
  const { status } = response
  console.log(JSON.stringify({ status, type, length: body.length, range, isWhole }))
}
process.exit()
