import { type FileSource, type Found, fileHandler, type RequestLike } from 'byteserve'
import { concat } from 'byteserve/concat'
import { faststart } from 'byteserve/mp4'
import { type R2BucketLike, r2File } from 'byteserve/r2'
import { signed, signUrl } from 'byteserve/sign'
import { Checksums, zip, zipEntry } from 'byteserve/zip'

interface Env {
  readonly MEDIA: R2BucketLike
}

const KEY = 'a key of sixteen bytes, or more'

const checksums = new Checksums()

/** Sources made of the objects of a bucket. */
const made: Record<string, (request: RequestLike, env: Env) => Promise<Found>> = {
  '/concat': async (request, { MEDIA }) =>
    concat([await file(MEDIA, 'a.bin', request), await file(MEDIA, 'b.bin', request)]),
  '/zip': (request, { MEDIA }) => archive(request, MEDIA),
  '/zip/b.bin': async (request, { MEDIA }) =>
    zipEntry(await archive(request, MEDIA), 'b.bin', request),
  '/deflated.zip/text.txt': async (request, { MEDIA }) =>
    zipEntry(await file(MEDIA, 'deflated.zip', request), 'text.txt', request),
  '/film.mp4': async (request, { MEDIA }) => faststart(await file(MEDIA, 'film.mp4', request)),
  '/sign': async ({ url }) => {
    const { searchParams } = new URL(url)
    const link = await signUrl(searchParams.get('url') ?? '', KEY)
    return { status: 200, headers: {}, pieces: [new TextEncoder().encode(link)] }
  },
  '/signed.bin': (request, env) =>
    Promise.resolve(behindSignature(request, env)).then((found) => found ?? null),
}

const behindSignature = signed<[env: Env]>(async (request, { MEDIA }) => {
  const found = await r2File(MEDIA, 'a.bin', request)
  const { colo } = Object(Reflect.get(request, 'cf'))
  return found && { ...found, headers: { 'x-colo': String(colo), 'x-url': request.url } }
}, KEY)

function archive(request: RequestLike, bucket: R2BucketLike): Promise<FileSource> {
  const head: RequestLike = { method: 'HEAD', url: request.url, headers: new Headers() }
  const members = ['a.bin', 'b.bin'].map((name) => ({
    name,
    open: () => r2File(bucket, name, head),
  }))
  return zip(members, { checksums })
}

async function file(bucket: R2BucketLike, key: string, request: RequestLike): Promise<FileSource> {
  const found = await r2File(bucket, key, request)
  if (found === null) throw new Error(`Expected ${key}`)
  return found
}

const handler = fileHandler<[env: Env]>((request, env) => {
  return made[new URL(request.url).pathname]?.(request, env) ?? null
})

export default { fetch: (request: Request, env: Env): Promise<Response> => handler(request, env) }
