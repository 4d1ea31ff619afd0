import { one } from './dom.ts'

/**
 * The switch for shortcuts of a single character, in their dialog: who speaks to a browser, or does
 * not hit every key, must be able to turn them off (WCAG 2.2 §2.1.4). This browser remembers it. It
 * runs in the browser, from its own source text.
 *
 * @returns asks whether they are on
 */
export function startLetters(): () => boolean {
  const KEY = 'byteserve-letters'
  const letters = one<HTMLInputElement>('#letters')

  letters.checked = read() !== 'off'
  letters.addEventListener('change', keep)
  return () => letters.checked

  function read(): string | null {
    try {
      return localStorage.getItem(KEY)
    } catch {
      return null
    }
  }

  function keep(): void {
    try {
      localStorage.setItem(KEY, letters.checked ? 'on' : 'off')
    } catch {
      // A browser that keeps nothing does so until the page is left.
    }
  }
}
