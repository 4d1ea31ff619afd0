import { fileHandler } from 'byteserve'
import { r2Bucket, r2File } from 'byteserve/r2'

interface Env {
  readonly MEDIA: R2Bucket
}

const film = fileHandler((request, { MEDIA }: Env) => r2File(MEDIA, 'film.mp4', request))

export default {
  fetch: fileHandler((request, env) => r2Bucket(env.MEDIA, { listing: true })(request)),
} satisfies ExportedHandler<Env>

export { film }
