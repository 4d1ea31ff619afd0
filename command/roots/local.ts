import { closeSync, opendirSync, openSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import process from 'node:process'
import { codeOf } from '../../adapters/local/calls.ts'
import { RootDirectory } from '../../adapters/local/root-directory.ts'
import { devices } from '../../adapters/local/shared.ts'
import { Failure, messageOf } from '../failure.ts'
import type { Host } from '../hosts/host.ts'
import { describeFile, listFolder } from '../listing.ts'
import type { Root } from '../root.ts'
import { expectVisible } from './visible.ts'

/** @throws Failure unless it is a directory or a file that can be served */
export function localRoot(given: string, host: Pick<Host, 'openDirectory'>): Root {
  const path = process.platform === 'win32' ? withoutQuote(given) : given
  const { directory, file, name } = find(path)
  const below = new RootDirectory(resolve(directory), 'inside', devices)
  return {
    file,
    name,
    place: realPathOf(path),
    shelf: {
      list: (path) => listFolder(below, path),
      describe: (path) => describeFile(below, path),
    },
    // To look for `app.js.br` costs little here, and a request each time where files are far away.
    open: (options) => host.openDirectory(directory, { ...options, precompressed: file === null }),
  }
}

/** @throws the operating system's error, which would otherwise meet every request */
function expectReadable(path: string, found: Stats): void {
  if (found.isFile()) closeSync(openSync(path, 'r'))
  if (!found.isDirectory()) return
  const directory = opendirSync(path)
  // Bun opens it when it is read.
  directory.readSync()
  directory.closeSync()
}

function find(path: string): Pick<Root, 'file' | 'name'> & { readonly directory: string } {
  try {
    const found = statSync(path)
    // A link may lead anywhere: the person who named it meant what it leads to.
    const realPath = realPathOf(path)
    expectReadable(path, found)
    if (found.isDirectory()) return { directory: path, file: null, name: basename(realPath) || '/' }
    const root = { directory: dirname(realPath), file: basename(realPath), name: basename(path) }
    if (!found.isFile()) throw new Failure(`${path} is neither a directory nor a file`)
    expectVisible(`/${encodeURIComponent(root.file)}`, path)
    return root
  } catch (error) {
    if (error instanceof Failure) throw error
    const code = codeOf(error)
    if (code === 'ENOENT') throw missing(path)
    if (code === 'EACCES') throw new Failure(`no permission to read ${path}`)
    throw new Failure(messageOf(error))
  }
}

/** The names that a file is found by: Node's own way leaves short ones, and their case, as given. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    // Windows has no name for some drives, as those in memory.
    return realpathSync(path)
  }
}

/**
 * A path as it was meant where PowerShell completed it to `'.\My Films\'`: on Windows, a backslash
 * before a quote takes the quote in, and no name has one.
 *
 * @throws Failure if it took in more than the quote
 */
function withoutQuote(path: string): string {
  const [meant = '', ...more] = path.split('"')
  if (more.join('') === '') return meant
  throw new Failure(`a backslash before a quote takes the quote in: write "${meant}"`)
}

/** Of what is not there, which was perhaps not meant for a path. */
function missing(path: string): Failure {
  // What follows may have a password in it.
  const [, scheme] = /^([a-z][a-z\d+.-]*:)\/\//i.exec(path) ?? []
  if (scheme !== undefined) {
    return new Failure(`expected a path, or a URL of http:, https: or s3:, got one of ${scheme}`)
  }
  return new Failure(`${path} does not exist${path === 'help' ? '; see byteserve --help' : ''}`)
}
