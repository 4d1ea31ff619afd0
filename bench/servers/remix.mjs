import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { openLazyFile } from '@remix-run/fs'
import { createFileResponse } from '@remix-run/response/file'
import { Hono } from 'hono'

const root = process.argv[2]
const { fetch } = new Hono().get('*', (c) =>
  createFileResponse(openLazyFile(join(root, c.req.path)), c.req.raw),
)
serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`PORT=${port}`))
