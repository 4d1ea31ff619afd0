// Paths below the root, without slashes around them; '' is the root.

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
