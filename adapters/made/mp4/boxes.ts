import { readBytes } from '../../../src/reader.ts'
import type { FileSource } from '../../../src/source.ts'
import { viewOf } from '../bytes.ts'

/*
 * The boxes of an MP4 or QuickTime file (ISO/IEC 14496-12 §4.2):
 *
 *   size      4 bytes, of all of it; 1: see largesize; 0: to the end of the file
 *   type      4 characters
 *   largesize 8 bytes, if size is 1
 */

export interface Box {
  readonly type: string
  readonly start: number
  /** Where its content begins. */
  readonly content: number
  readonly end: number
}

/** The most bytes that the head of a box takes. */
export const BOX_HEAD = 16

/** The bytes that the head of a box takes at least, and those of them that say its size. */
const SHORT_HEAD = 8
const SIZE_LENGTH = 4

/**
 * The box that begins at `start`.
 *
 * @param head its first bytes, `BOX_HEAD` of them unless the file ends before
 * @param limit where what contains it ends
 * @returns null if that is no box, or one that ends beyond the limit
 */
export function parseBox(head: Uint8Array, start: number, limit: number): Box | null {
  if (head.length < SHORT_HEAD) return null
  const view = viewOf(head)
  const type = String.fromCharCode(...head.subarray(SIZE_LENGTH, SHORT_HEAD))
  let size = view.getUint32(0)
  let content = start + SHORT_HEAD
  if (size === 1) {
    if (head.length < BOX_HEAD) return null
    size = view.getUint32(8) * 2 ** 32 + view.getUint32(12)
    content = start + BOX_HEAD
  } else if (size === 0) size = limit - start
  const end = start + size
  return end >= content && end <= limit ? { type, start, content, end } : null
}

/** How many boxes may still be looked at. */
export interface Budget {
  left: number
}

/**
 * The boxes of bytes, from `start` on. The last is null if it ends beyond `end`, or nothing is left
 * of the budget. Up to 7 bytes behind the last are no box: QuickTime ends some lists with 4 zeros.
 */
export function* boxesIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  budget: Budget,
): Generator<Box | null> {
  for (let at = start; end - at >= SHORT_HEAD; ) {
    const head = bytes.subarray(at, Math.min(end, at + BOX_HEAD))
    const box = budget.left-- > 0 ? parseBox(head, at, end) : null
    yield box
    if (box === null) return
    at = box.end
  }
}

/**
 * The outermost boxes of a file, by their heads, each of which takes a read. One that says that it
 * goes on to the end of the file ends at Infinity. The last is null if there is no box where one
 * has to begin, or there are more than `maxBoxes`.
 *
 * @param head what was read of the file already: its first bytes
 */
export async function* boxesOf(
  source: FileSource,
  head: Uint8Array,
  maxBoxes: number,
): AsyncGenerator<Box | null> {
  for (let at = 0, left = maxBoxes; at < source.size; left--) {
    const end = Math.min(source.size, at + BOX_HEAD)
    const bytes = end <= head.length ? head.subarray(at, end) : await readBytes(source, at, end)
    const box = left > 0 ? parseBox(bytes, at, Infinity) : null
    yield box
    if (box === null) return
    at = box.end
  }
}
