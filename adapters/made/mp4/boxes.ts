import { viewOf } from '../window.ts'

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

/** What the size of a box takes at least. */
export const SHORT_HEAD = 8

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
  const type = String.fromCharCode(...head.subarray(4, SHORT_HEAD))
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

/** The boxes of bytes, from `start` on; null if they do not end where one does. */
export function boxesIn(bytes: Uint8Array, start: number, end: number): Box[] | null {
  const boxes: Box[] = []
  for (let at = start; end - at >= SHORT_HEAD; ) {
    const box = parseBox(bytes.subarray(at, Math.min(end, at + BOX_HEAD)), at, end)
    if (box === null) return null
    boxes.push(box)
    at = box.end
  }
  return boxes
}
