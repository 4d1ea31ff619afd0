import { describe } from 'vitest'
import { nodeDirectory } from '../adapters/node.ts'
import { describeSource } from './contract.ts'
import { cachedFiles } from './support/cached-files.ts'
import { temporaryDirectory } from './support/temporary.ts'

describe('on Node', () => {
  const directory = temporaryDirectory()
  const files = nodeDirectory(directory, { keepOpen: 0 })
  describeSource('cached', cachedFiles(directory, files))
  const tier = { directory: temporaryDirectory() }
  describeSource('cached, with a directory behind', cachedFiles(directory, files, tier))
})
