// npm ci && npm run build && npx wrangler dev examples/private.ts --var SECRET:… --var PASSWORD:…
// A private bucket behind a session: only who has logged in gets its films.
import { fileHandler } from 'byteserve'
import { type R2BucketLike, r2Bucket } from 'byteserve/r2'
import { Hono } from 'hono'
import { getSignedCookie, setSignedCookie } from 'hono/cookie'
import { timingSafeEqual } from 'hono/utils/buffer'

interface Bindings {
  readonly MEDIA: R2BucketLike
  readonly SECRET: string
  readonly PASSWORD: string
}

const app: Hono<{ Bindings: Bindings }> = new Hono()

/** How long a session lasts, in seconds: longer than a film that is paused. */
const LASTS = 86_400

app.post('/login', async (c) => {
  const { password } = await c.req.parseBody()
  if (typeof password !== 'string' || !(await timingSafeEqual(password, c.env.PASSWORD))) {
    return c.text('That is not the password', 403)
  }
  const until = String(Date.now() + LASTS * 1000)
  const options = { httpOnly: true, secure: true, sameSite: 'Lax', maxAge: LASTS } as const
  await setSignedCookie(c, 'session', until, c.env.SECRET, options)
  return c.redirect('/films/', 303)
})

// Asked for every range: a session that is over ends the film.
app.use('/films/*', async (c, next) => {
  const until = await getSignedCookie(c, c.env.SECRET, 'session')
  if (!until || Number(until) < Date.now()) return c.text('Log in first', 401)
  return next()
})

// What only some may see, no shared cache may keep.
const headers = { 'cache-control': 'private, no-cache' }
const films = fileHandler((request, { MEDIA }: Bindings) =>
  r2Bucket(MEDIA, { base: '/films/', headers })(request),
)
app.all('/films/*', (c) => films(c.req.raw, c.env))

export default app
