import { describe, expect, it } from 'vitest'
import { cached } from '../adapters/cache.ts'
import { files } from '../adapters/hono.ts'
import { signed, signUrl } from '../adapters/sign.ts'
import { site } from '../adapters/site.ts'
import { zipFolder } from '../adapters/zip.ts'
import type { FileLookup } from '../src/lookup.ts'
import { fileHandler } from '../src/serve.ts'
import type { RequestLike } from '../src/source.ts'
import { memoryTree } from './support/memory-tree.ts'

const KEY = 'k'.repeat(32)
const LINK = await signUrl('/app.js', KEY)

const tree = memoryTree({
  'app.js': { text: 'identity', type: 'text/javascript' },
  'app.js.br': { text: 'br of app' },
})
const lookup = site(tree, { precompressed: true })

/** A request as a Worker gets it: Cloudflare has rewritten its Accept-Encoding. */
function request(url: string): Request {
  const asked = new Request(`http://host${url}`, { headers: { 'accept-encoding': 'gzip' } })
  return Object.assign(asked, { cf: { clientAcceptEncoding: 'br' } })
}

async function encodingOf(asked: Request, lookup: FileLookup): Promise<string | null> {
  const response = await fileHandler(lookup)(asked)
  await response.bytes()
  return response.headers.get('content-encoding')
}

describe('on Cloudflare, the Accept-Encoding of the client counts', () => {
  it.each<[string, string, FileLookup]>([
    ['as it is', '/app.js', lookup],
    ['behind a cache', '/app.js', cached(lookup)],
    ['behind a signature', LINK, signed(lookup, KEY)],
  ])('%s', async (_where, url, lookup) => {
    expect(await encodingOf(request(url), lookup)).toBe('br')
  })

  it('behind a signature, under nodeListener', async () => {
    const { cf, headers, method } = request('/') as Request & { cf: unknown }
    const found = await signed(lookup, KEY)({ method, url: LINK, headers, cf } as RequestLike)
    expect(new Headers(Object(found).headers).get('content-encoding')).toBe('br')
  })

  it('behind a route of Hono', async () => {
    const req = { raw: request('/media/app.js'), path: '/media/app.js', routePath: '/media/*' }
    const c = { req, res: undefined as Response | undefined }
    await files(lookup)(c, async () => {})
    expect(c.res?.headers.get('content-encoding')).toBe('br')
  })
})

/** What the tree of a site is asked with, in order. */
async function asked(url: string, by: RequestLike): Promise<RequestLike[]> {
  const requests: RequestLike[] = []
  const open = (path: string, request: RequestLike) => {
    requests.push(request)
    return tree.open(path, request)
  }
  const options = { notFound: 'app.js', download: zipFolder }
  await fileHandler(site({ ...tree, open }, options))(by as Request)
  expect(requests.length, url).toBeGreaterThan(0)
  return requests
}

describe('what Cloudflare tells of a request reaches a store', () => {
  it('that is asked for the page of a 404, with the signal of the client', async () => {
    const by = request('/none')
    const page = (await asked('/none', by)).at(-1)
    expect(page).toMatchObject({ method: 'GET', cf: { clientAcceptEncoding: 'br' } })
    expect(page?.signal).toBe(by.signal)
  })

  it('that is asked for the files of an archive', async () => {
    const file = (await asked('/?zip', request('/?zip'))).at(-1)
    expect(file).toMatchObject({ method: 'HEAD', cf: { clientAcceptEncoding: 'br' } })
  })
})
