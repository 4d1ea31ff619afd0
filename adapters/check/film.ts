/** Brands of pictures, which have the boxes of an MP4: AVIF, HEIF (ISO 23008-12), Canon's CR3. */
const IS_PICTURE = /^(?:avi[fs]|miaf|mif[12]|msf1|hei[cfmsx]|hev[cmsx]|crx )$/

/** Whether a file begins as an MP4 or QuickTime film or sound: with a box `ftyp`, and its brand. */
export function isFilm(prefix: Buffer): boolean {
  const [box, brand] = [prefix.toString('latin1', 4, 8), prefix.toString('latin1', 8, 12)]
  return box === 'ftyp' && !IS_PICTURE.test(brand)
}
