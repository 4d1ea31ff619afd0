import { existsSync } from 'node:fs'
import { isGranted } from '../../adapters/local/permission.ts'
import { Failure } from '../failure.ts'

/** @throws Failure where `worker.ts`, as built, is not beside this module: in a bundle */
export function expectWorkerFile(): void {
  const file = new URL('./worker.js', import.meta.url)
  if (!isGranted({ name: 'read' }) || existsSync(file)) return
  throw new Failure('--workers needs the worker.js of the package, which a bundle does not have')
}
