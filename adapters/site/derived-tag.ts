/**
 * The tag of what is made of one file, as strong as that file's, and never the same.
 *
 * @example
 * derivedTag('W/"abc"', 'faststart') // 'W/"abc-faststart"'
 */
export function derivedTag(tag: string | undefined, how: string): string | undefined {
  return tag?.replace(/"$/, `-${how}"`)
}
