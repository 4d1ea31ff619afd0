import { isVisible, toSitePath } from '../../adapters/site/url-path.ts'
import { Failure } from '../failure.ts'

/**
 * The path of the only file that is served.
 *
 * @param pathname of its URL
 * @param place as a person is told
 * @throws Failure if a lookup would not find it
 */
export function expectVisible(pathname: string, place: string): string {
  const target = toSitePath(pathname, '/', isVisible)
  if (target?.path === null) throw new Failure(`${place} is hidden: hidden files are not served`)
  if (target?.path && target.isNameable) return target.path
  throw new Failure(`${place} can't be served: no URL can name it`)
}
