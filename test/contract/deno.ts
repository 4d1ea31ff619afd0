import { type DenoOptions, denoDirectory, denoFile } from '../../adapters/deno.ts'
import { describeSource } from '../contract.ts'
import { namedFiles, pathLookup } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const directory = temporaryDirectory()

function denoFiles(options: DenoOptions) {
  return namedFiles(directory, (path) => denoFile(path, { ...options, keepOpen: 0 }))
}

describeSource('denoFile', denoFiles({}))

// Who reads Deno's own stream is told of no change: see changes.test.ts, of test/wire.
const { changes: _, ...unchanging } = denoFiles({ native: true })
describeSource('denoFile, native', unchanging)

const lookUp = pathLookup(directory, denoDirectory(directory, { keepOpen: 0 }))
describeSource('denoDirectory', namedFiles(directory, lookUp))
