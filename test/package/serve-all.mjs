/**
 * Serves a range from each of the package's stores, and prints what was answered.
 *
 * @param doors what each subpath of the package exports, by its name
 */
export async function serveAll(doors) {
  const { fileHandler } = doors['.']
  const nothing = async () => null
  const blob = () => doors['./blob'].blobFile(new Blob(['hello, world']))
  const sign = doors['./sign']
  const key = 'a key of 16 bytes or more'
  const lookups = {
    blob,
    bun: doors['./bun'].bunDirectory('.'),
    cache: doors['./cache'].cached(doors['./node'].nodeDirectory('.')),
    concat: () => doors['./concat'].concat([blob(), blob()]),
    deno: doors['./deno'].denoDirectory('.'),
    mp4: () => doors['./mp4'].faststart(blob()),
    node: doors['./node'].nodeDirectory('.'),
    r2: doors['./r2'].r2Bucket({ get: nothing, head: nothing }),
    sign: sign.signed(blob, key),
    site: doors['./site'].site({ open: blob }),
    zip: () => doors['./zip'].zip([]),
  }
  for (const [name, lookup] of Object.entries(lookups)) {
    const headers = { range: 'bytes=7-' }
    const request = new Request('http://localhost/hello.txt', { headers })
    const response = await fileHandler(lookup)(request)
    const text = (await response.text()).replaceAll('\0', '')
    console.log(`${name} ${response.status} ${text}`)
  }
  // These need a server, a framework or a directory of their own.
  const { check } = doors['./check']
  const { directoryTier } = doors['./cache/directory']
  const { files } = doors['./hono']
  const { httpOrigin } = doors['./http']
  const { s3Bucket } = doors['./s3']
  const others = { check, directoryTier, files, httpOrigin, s3Bucket }
  for (const [name, value] of Object.entries(others)) console.log(`${name} ${typeof value}`)
}
