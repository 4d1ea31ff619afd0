import { afterAll, beforeAll } from 'vitest'
import { httpFile } from '../../adapters/http.ts'
import { type Found, isSource } from '../../src/lookup.ts'
import type { FileSource } from '../../src/source.ts'
import { describeSource } from '../contract.ts'
import { someBytes } from '../support/counting-source.ts'
import { type Origin, type Representation, serving, startOrigin } from '../support/faulty-origin.ts'

/** The contract of a source for files of another HTTP server, on the runtime that this runs on. */
export function describeHttp(): void {
  const files = new Map<string, Representation>()
  let origin: Origin
  beforeAll(async () => {
    origin = await startOrigin()
    origin.behave((incoming, outgoing) => {
      const file = files.get(incoming.url ?? '')
      if (file === undefined) outgoing.writeHead(404).end()
      else serving(file)(incoming, outgoing)
    })
  })
  afterAll(() => origin.stop())

  const put = (path: string, bytes: Uint8Array) => {
    files.set(path, { bytes, etag: `"${crypto.randomUUID()}"` })
  }
  const open = async (path: string, request: Request) => {
    return sourceOf(await httpFile(new URL(path, origin.url), request))
  }

  describeSource('httpFile', {
    make(bytes) {
      const path = `/${crypto.randomUUID()}`
      put(path, bytes)
      return { path, size: bytes.length, open: (request) => open(path, request) }
    },
    openMissing: (request) => open('/none', request),
    changes: {
      // What was sent before is in the sockets.
      replaced: { apply: ({ path, size }) => put(path, someBytes(size, 9)), outcome: 'either' },
      removed: { apply: ({ path }) => void files.delete(path), outcome: 'either' },
    },
  })
}

function sourceOf(found: Found): FileSource | null {
  if (found === null || isSource(found)) return found
  throw new Error(`Expected a file, got ${found.status}`)
}
