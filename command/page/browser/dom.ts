/** @throws Error if the page has no such element: it is the server's mistake */
export function one<T extends HTMLElement>(selector: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(selector)
  if (found === null) throw new Error(`Expected ${selector} in the page`)
  return found
}

/** Of a URL; as it is, if it is not encoded as UTF-8. */
export function decodeHref(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Shows a line that goes away by itself. */
export function say(text: string): void {
  const line = one('#toast')
  line.textContent = text
  setTimeout(() => {
    if (line.textContent === text) line.textContent = ''
  }, 5000)
}
