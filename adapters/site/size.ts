/**
 * In decimal units, with two or three digits. It also runs in the browser, from its own source.
 *
 * @example
 * formatSize(670_871) // '671 kB'
 */
export function formatSize(bytes: number): string {
  let amount = bytes
  let unit = 'B'
  for (const prefix of 'kMGTP') {
    // What rounds to 1000 is 1 of the next unit.
    if (amount < 999.5) break
    amount /= 1000
    unit = `${prefix}B`
  }
  return `${amount.toFixed(amount < 9.95 && bytes > 999 ? 1 : 0)} ${unit}`
}
