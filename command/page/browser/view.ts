/** A name for this tab; the same when it is loaded again, so that its browser's cache is of use. */
export function nameView(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  const name = random.toString(36).padStart(7, '0').slice(-6)
  try {
    const known = sessionStorage.getItem('view') ?? name
    sessionStorage.setItem('view', known)
    return known
  } catch {
    return name
  }
}
