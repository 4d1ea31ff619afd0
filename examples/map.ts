// A tree in five lines, on any Fetch server: `deno serve examples/map.ts`, or Bun's `bun examples/map.ts`
import { fileHandler } from 'byteserve'
import { type FileTree, mediaType, site } from 'byteserve/site'

const files = new Map([['notes/hello.txt', new TextEncoder().encode('hello, world')]])

const tree: FileTree = {
  open(path) {
    const bytes = files.get(path)
    return bytes ? { size: bytes.length, read: (start, end) => bytes.subarray(start, end) } : null
  },
}

export default { fetch: fileHandler(site(tree, { type: mediaType })) }
