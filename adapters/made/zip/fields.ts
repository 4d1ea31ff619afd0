/** Numbers in a row, the least significant byte of each first. */
export class Fields {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  /** @param length of all of them, in bytes */
  constructor(length: number) {
    const buffer = new ArrayBuffer(length)
    this.bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
  }

  /** @param width in bytes */
  put(width: 1 | 2 | 4 | 8, value: number): this {
    if (width === 1) this.#view.setUint8(this.#at, value)
    else if (width === 2) this.#view.setUint16(this.#at, value, true)
    else this.#view.setUint32(this.#at, value, true)
    if (width === 8) this.#view.setUint32(this.#at + 4, Math.floor(value / 2 ** 32), true)
    this.#at += width
    return this
  }

  add(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }
}
