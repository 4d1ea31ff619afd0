import { fileHandler } from 'byteserve'
import { nodeDirectory } from 'byteserve/node'

export const handler = fileHandler(nodeDirectory('media'))
