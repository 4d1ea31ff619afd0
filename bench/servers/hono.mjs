import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'

const { fetch } = new Hono().use('*', serveStatic({ root: process.argv[2] }))
serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`PORT=${port}`))
