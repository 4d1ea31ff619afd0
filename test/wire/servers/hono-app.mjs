// The app of hono.mjs and hono-worker.mjs
import { files } from 'byteserve/hono'
import { Hono } from 'hono'
import { cors } from 'hono/cors'

/** @param lookup of the files, which may depend on Hono's context */
export function makeApp(lookup) {
  const inner = new Hono()
  inner.use('/films/*', files(lookup))
  const app = new Hono().basePath('/api')
  app.use(async (c, next) => {
    c.header('x-before', '1')
    await next()
    c.header('x-after', '2')
  })
  app.use('/open/*', cors({ origin: ['https://app.example'], exposeHeaders: ['Content-Range'] }))
  app.use(
    '/open/*',
    files(lookup, { headers: (_answer, _request, c) => ({ 'x-path': c.req.path }) }),
  )
  app.route('/:version/inner', inner)
  app.get('*', (c) => c.text('the next handler'))
  return app
}
