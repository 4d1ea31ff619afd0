// The app of hono.mjs, from R2
import { r2Bucket } from 'byteserve/r2'
import { makeApp } from './hono-app.mjs'

const options = { precompressed: true, index: 'index.html' }

export default makeApp((request, c) => r2Bucket(c.env.MEDIA, options)(request))
