/**
 * An element of a list, from 0 on.
 *
 * @throws RangeError if there is none: something else in its place would be other bytes
 */
export function nth<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index]
  if (element !== undefined) return element
  throw new RangeError(`Expected an index below ${list.length}, got ${index}`)
}
