import type { Chunk, FileSource, NativeRead } from '../../src/source.ts'

/** A file in memory that counts what is done with it. */
export interface CountingSource extends FileSource {
  /** Start and end of each read, in order. */
  readonly reads: [start: number, end: number][]
  /** How often it was closed. */
  readonly closes: number
}

/** What a test wants otherwise; `read` gets the bytes asked for, to give them in its own way. */
export interface Deviation extends Partial<Omit<FileSource, 'read' | 'close'>> {
  readonly read?: (bytes: Uint8Array, start: number) => Chunk | Promise<Chunk>
  readonly close?: () => void | Promise<void>
  /** The ways of a runtime. */
  readonly native?: NativeRead
}

export function countingSource(
  bytes: Uint8Array,
  { read = (asked) => asked, close, native, ...fields }: Deviation = {},
): CountingSource {
  const reads: [number, number][] = []
  let closes = 0
  const count = (start: number, end: number) => {
    reads.push([start, end])
    return read(bytes.subarray(start, end), start)
  }
  return {
    size: bytes.length,
    ...fields,
    reads,
    get closes() {
      return closes
    },
    read: Object.assign(count, { native }),
    close() {
      closes++
      return close?.()
    },
  }
}

/** Bytes that differ from their neighbours near and far. */
export function someBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** The bytes as a stream of chunks of so many; told when it was cancelled. */
export function streamOf(
  bytes: Uint8Array,
  chunkSize: number,
  onCancel: () => void = () => {},
): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        controller.enqueue(bytes.subarray(at, at + chunkSize))
        at += chunkSize
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  )
}
