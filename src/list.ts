/**
 * Parses a comma-separated list (RFC 9110 §5.6.1) from the `lastIndex` of `element` on, in time
 * linear in its length.
 *
 * @param element sticky; matches an element with the white space around it and the comma behind it,
 * or an empty one, whose first group is then undefined. White space at the end belongs inside the
 * optional group: next to that at the beginning, a long run of it would take quadratic time
 * @param toMember gives null for what is not valid
 * @returns the members in order, or null if one is not valid or there is none
 */
export function parseList<Member>(
  list: string,
  element: RegExp,
  toMember: (match: RegExpExecArray) => Member | null,
): Member[] | null {
  const members: Member[] = []
  while (element.lastIndex < list.length) {
    const match = element.exec(list)
    if (!match) return null
    // §5.6.1.2: a recipient ignores empty list elements.
    if (match[1] === undefined) continue
    const member = toMember(match)
    if (member === null) return null
    members.push(member)
  }
  return members.length > 0 ? members : null
}
