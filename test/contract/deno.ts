import { denoDirectory, denoFile } from '../../adapters/deno.ts'
import { describeSource } from '../contract.ts'
import { namedFiles, pathLookup } from '../support/local-files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const directory = temporaryDirectory()

// Not `native`: those streams end where the range does only under Deno.serve. See test/wire.
describeSource(
  'denoFile',
  namedFiles(directory, (path) => denoFile(path, { keepOpen: 0 })),
)

const lookUp = pathLookup(directory, denoDirectory(directory, { keepOpen: 0 }))
describeSource('denoDirectory', namedFiles(directory, lookUp))
