import { type BunOptions, bunDirectory, bunFile } from '../../adapters/bun.ts'
import { describeSource } from '../contract.ts'
import { namedFiles, pathLookup } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const directory = temporaryDirectory()

function bunFiles(options: BunOptions) {
  return namedFiles(directory, (path) => bunFile(path, { ...options, keepOpen: 0 }))
}

describeSource('bunFile, stable', bunFiles({ stable: true }))

// Who reads Bun's own body is told of no change: see changes.test.ts, of test/wire.
const { changes: _, ...unchanging } = bunFiles({})
describeSource("bunFile, with Bun's own bodies", unchanging)

const lookUp = pathLookup(directory, bunDirectory(directory, { stable: true, keepOpen: 0 }))
describeSource('bunDirectory', namedFiles(directory, lookUp))
