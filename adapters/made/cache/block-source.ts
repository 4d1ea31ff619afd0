import { largeBufferLimit } from '../../../src/runtime.ts'
import type { Chunk, FileSource, Read } from '../../../src/source.ts'
import type { Share } from '../flights.ts'
import type { TaggedVersion } from './version.ts'

/** The blocks of one version of a file, by their number from 0 on. */
export interface BlockAccess {
  /** A block that is in memory. */
  find(index: number): Uint8Array | undefined
  /** A block that is not: a share in reading it. */
  want(index: number): Share<Uint8Array>
  /** A share in reading a block that may be needed later; null if it can wait until it is. */
  wantAhead(index: number): Share<Uint8Array> | null
}

/** How a file is cut into blocks, and how many of them are read ahead. */
export interface Blocking {
  readonly blockSize: number
  readonly readAhead: number
}

/**
 * A version of a file, read block by block. The bytes given are those of the blocks, not copies: a
 * block is held until it was sent, even if it is evicted meanwhile.
 */
export function blockSource(
  version: TaggedVersion,
  { blockSize, readAhead }: Blocking,
  blocks: BlockAccess,
): FileSource {
  /** What this response waits for. */
  const awaited = new Set<Share<Uint8Array>>()
  /** What it will probably come to. */
  const ahead = new Map<number, Share<Uint8Array>>()
  let latest = Number.NaN
  /** How many blocks were asked for one after the other, the latest included. */
  let run = 0
  const read: Read = Object.assign(readChunk, {
    native: { sync, bufferLimit: largeBufferLimit() },
  })
  return { ...version, read, close }

  function readChunk(start: number, end: number): Chunk | Promise<Chunk> {
    const index = Math.floor(start / blockSize)
    const share = ahead.get(index)
    const bytes = share === undefined ? blocks.find(index) : undefined
    const chunk = bytes ? cut(bytes, start, end) : wait(share ?? blocks.want(index), start, end)
    advance(index, end)
    return chunk
  }

  /** All of the bytes, if they are in one block, and that is in memory. */
  function sync(start: number, end: number): Uint8Array | null {
    const index = Math.floor(start / blockSize)
    if (end > (index + 1) * blockSize) return null
    const bytes = blocks.find(index)
    return bytes === undefined ? null : cut(bytes, start, end)
  }

  async function wait(share: Share<Uint8Array>, start: number, end: number): Promise<Uint8Array> {
    awaited.add(share)
    try {
      return cut(await share.value, start, end)
    } finally {
      awaited.delete(share)
    }
  }

  /** The bytes [start, end) of the file, as far as the block goes that `start` is in. */
  function cut(block: Uint8Array, start: number, end: number): Uint8Array {
    const offset = start - (start % blockSize)
    return block.subarray(start - offset, end - offset)
  }

  /**
   * Reads ahead of a reader that asked for two blocks in a row, up to the end of what it asked for.
   */
  function advance(index: number, end: number): void {
    if (index === latest) return
    run = index === latest + 1 ? run + 1 : 1
    latest = index
    ahead.delete(index)
    if (run === 1) leaveAhead()
    if (run < 2) return
    const last = Math.min(index + readAhead, Math.floor((end - 1) / blockSize))
    for (let next = index + 1; next <= last; next++) {
      const share = ahead.has(next) ? null : blocks.wantAhead(next)
      if (share === null) continue
      ahead.set(next, share)
      // It is tried again when it is needed.
      share.value.catch(() => ahead.get(next) === share && ahead.delete(next))
    }
  }

  function leaveAhead(): void {
    for (const share of ahead.values()) share.leave()
    ahead.clear()
  }

  function close(): void {
    for (const share of awaited) share.leave()
    leaveAhead()
  }
}
