import { toRelativePath } from '../../adapters/site/url-path.ts'
import { Failure } from '../failure.ts'

/**
 * The path of the only file that is served.
 *
 * @param pathname of its URL
 * @param place as a person is told
 * @throws Failure if a lookup would not find it
 */
export function expectVisible(pathname: string, place: string): string {
  const path = toRelativePath(pathname)
  if (path === null) throw new Failure(`${place} is hidden: hidden files are not served`)
  return path
}
