import { nodeFile } from '../adapters/node.ts'
import { describeSource } from './contract.ts'
import { madeSources } from './support/made.ts'
import { temporaryDirectory } from './support/temporary.ts'

const directory = temporaryDirectory()

for (const [name, platform] of madeSources(directory, (path) => nodeFile(path, { keepOpen: 0 }))) {
  describeSource(name, platform)
}
