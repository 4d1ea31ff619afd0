import { join } from 'node:path'
import { type BunOptions, bunDirectory, bunFile } from '../../adapters/bun.ts'
import { describeSource } from '../contract.ts'
import { localFiles, pathLookup } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const directory = temporaryDirectory()

function bunFiles(options: BunOptions) {
  return {
    ...localFiles(directory, (path) => bunFile(path, { ...options, keepOpen: 0 })),
    openMissing: () => bunFile(join(directory, 'no-such-file'), options),
    openDirectory: () => bunFile(directory, options),
  }
}

describeSource('bunFile, stable', bunFiles({ stable: true }))

// Who reads Bun's own body is told of no change: see changes.test.ts, of test/wire.
const { changes: _, ...unchanging } = bunFiles({})
describeSource("bunFile, with Bun's own bodies", unchanging)

const lookUp = pathLookup(directory, bunDirectory(directory, { stable: true, keepOpen: 0 }))
describeSource('bunDirectory', {
  ...localFiles(directory, lookUp),
  openMissing: () => lookUp(join(directory, 'no-such-file')),
  openDirectory: () => lookUp(directory),
})
