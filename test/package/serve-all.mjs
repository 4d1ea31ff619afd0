/** Serves a range from each of the package's adapters, and prints what was answered. */
export async function serveAll(names) {
  const nothing = async () => null
  const lookups = {
    blob: () => names.blobFile(new Blob(['hello, world'])),
    bun: names.bunDirectory('.'),
    deno: names.denoDirectory('.'),
    node: names.nodeDirectory('.'),
    r2: names.r2Bucket({ get: nothing, head: nothing }),
  }
  for (const [name, lookup] of Object.entries(lookups)) {
    const headers = { range: 'bytes=7-' }
    const request = new Request('http://localhost/hello.txt', { headers })
    const response = await names.fileHandler(lookup)(request)
    console.log(`${name} ${response.status} ${await response.text()}`)
  }
}
