import { messageOf } from './failure.ts'

/** What a person got wrong in the arguments of a command. */
export class Mistake extends Error {}

export interface Misread {
  readonly kind: 'mistake'
  readonly message: string
}

/** What reading arguments gives, or what is wrong with them, as `parseArgs` or a Mistake says. */
export function unlessMistaken<Wanted>(read: () => Wanted): Wanted | Misread {
  try {
    return read()
  } catch (error) {
    const message = messageOf(error)
    return { kind: 'mistake', message: error instanceof Mistake ? message : shorten(message) }
  }
}

/** In fewer words than parseArgs: it goes on about escaping a dash. */
function shorten(message: string): string {
  const [, option, what] =
    /^Option '(?:-\w, )?(--?[\w-]+).*' argument (missing|is ambiguous)/.exec(message) ?? []
  if (option === undefined) return message.replace(/\.\s.*/s, '')
  const kind = what === 'missing' ? '' : ' that does not begin with a dash'
  return `${option} needs a value${kind}`
}
