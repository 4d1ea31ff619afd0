import { fileHandler } from 'byteserve'
import { blobFile } from 'byteserve/blob'
import { bunDirectory } from 'byteserve/bun'
import { denoDirectory } from 'byteserve/deno'
import { nodeDirectory } from 'byteserve/node'
import { r2Bucket } from 'byteserve/r2'
import { serveAll } from './serve-all.mjs'

await serveAll({ fileHandler, blobFile, bunDirectory, denoDirectory, nodeDirectory, r2Bucket })
