import { serveFile } from 'byteserve'
import { blobFile } from 'byteserve/blob'

const request = new Request('http://localhost/', { headers: { range: 'bytes=7-' } })
const response = await serveFile(request, blobFile(new Blob(['hello, world'])))
console.log(`${response.status} ${await response.text()}`)
