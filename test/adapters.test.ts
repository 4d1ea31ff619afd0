import { openAsBlob, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blobFile } from '../adapters/blob.ts'
import { nodeDirectory, nodeFile } from '../adapters/node.ts'
import { mediaType } from '../adapters/site/media-type.ts'
import type { FileSource } from '../src/source.ts'
import { describeSource } from './contract.ts'
import { someBytes } from './support/counting-source.ts'
import { tagOf } from './support/entity-tag.ts'
import { canCountHandles, openHandles } from './support/handles.ts'
import { changesThat, localFiles, namedFiles, pathLookup, putFile } from './support/local-files.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { until } from './support/wait.ts'

const directory = temporaryDirectory()

describeSource('a source in memory', {
  make: (bytes) => ({
    open: () => ({ size: bytes.length, read: (start, end) => bytes.subarray(start, end) }),
  }),
})

describeSource('blobFile of a Blob', {
  make: (bytes) => ({ open: () => blobFile(new Blob([bytes])) }),
})

describeSource('blobFile of openAsBlob', {
  ...localFiles(directory, async (path) => blobFile(await openAsBlob(path))),
  // Node compares size and time before each read; what was removed is gone.
  changes: changesThat(() => 'broken'),
})

describeSource(
  'nodeFile',
  namedFiles(directory, (path) => nodeFile(path, { keepOpen: 0 })),
)

const lookUp = pathLookup(directory, nodeDirectory(directory, { keepOpen: 0 }))
describeSource('nodeDirectory', namedFiles(directory, lookUp))

describe('nodeFile', () => {
  it('says of a file what is known', async () => {
    const path = join(directory, 'dated.mp4')
    const bytes = someBytes(0x1234)
    const modified = new Date('2026-01-01T00:00:00Z')
    writeFileSync(path, bytes)
    utimesSync(path, modified, modified)
    const source = await nodeFile(path)
    await source?.close?.()
    expect(source).toEqual({
      size: 0x1234,
      type: 'video/mp4',
      etag: tagOf(bytes, modified.getTime()),
      lastModified: modified,
      version: expect.any(String),
      headers: undefined,
      read: expect.any(Function),
      close: expect.any(Function),
    })
  })

  it('takes another media type and further fields', async () => {
    const path = join(directory, 'plain')
    writeFileSync(path, '')
    const headers = { 'Cache-Control': 'no-cache' }
    const [named, unnamed] = [await nodeFile(path, { type: 'a/b', headers }), await nodeFile(path)]
    await Promise.all([named?.close?.(), unnamed?.close?.()])
    expect([named?.type, named?.headers, unnamed?.type]).toEqual(['a/b', headers, undefined])
  })

  it('refuses to read once it is closed, and may be closed twice', async () => {
    const source = await openSource(someBytes(100))
    await source.close?.()
    await source.close?.()
    await expect(source.read(0, 1)).rejects.toThrow('was read after it was closed')
  })

  it('fills the buffer that it is given, and no more', async () => {
    const bytes = someBytes(100_000)
    const source = await openSource(bytes)
    const into = new Uint8Array(70_000)
    const chunk = await source.read(10, 100_000, into)
    expect({ isInto: chunk instanceof Uint8Array && chunk.buffer === into.buffer, into }).toEqual({
      isInto: true,
      into: bytes.slice(10, 70_010),
    })
    const short = await source.read(20, 25, into)
    expect(short).toEqual(bytes.subarray(20, 25))
    await source.close?.()
  })
})

describe('blobFile', () => {
  it('says of a File what it knows', () => {
    const file = new File(['abc'], 'a.txt', { type: 'text/plain', lastModified: 86_400_000 })
    const { read: _, ...fields } = blobFile(file)
    expect(fields).toEqual({
      size: 3,
      type: 'text/plain',
      etag: undefined,
      lastModified: new Date(86_400_000),
      headers: undefined,
    })
  })

  it('says of a Blob nothing that it does not know, and what it is told', () => {
    const lastModified = new Date(0)
    const headers = { Vary: 'Accept' }
    const told = { type: 'a/b', etag: '"x"', lastModified, headers }
    const { read: _, ...fields } = blobFile(new Blob(['abc']))
    const { read: _read, ...others } = blobFile(new File([], 'a', { type: 'c/d' }), told)
    expect([fields, others]).toEqual([
      { size: 3, type: undefined, etag: undefined, lastModified: undefined, headers: undefined },
      { size: 0, ...told },
    ])
  })

  it('says of its type what it is told, even that there is none', () => {
    expect(blobFile(new Blob([], { type: 'c/d' }), { type: '' }).type).toBe('')
  })

  it('refuses at once what is no Blob, and fields that no server would send', () => {
    expect(() => blobFile(JSON.parse('"text"'))).toThrow('Expected a Blob, got text')
    expect(() => blobFile(new Blob(), { headers: { a: 'b\u0001' } })).toThrow(TypeError)
  })

  it.runIf(canCountHandles)('keeps no file open behind a read', async () => {
    const path = putFile(directory, someBytes(1_000_000))
    const source = blobFile(await openAsBlob(path))
    const chunk = await source.read(0, 1_000_000)
    expect(chunk instanceof Uint8Array && chunk.length).toBe(256 * 1024)
    await until(() => openHandles(path) === 0)
  })
})

describe('mediaType', () => {
  it.each([
    ['film.mp4', 'video/mp4'],
    ['film.webm', 'video/webm'],
    ['film.mkv', 'video/x-matroska'],
    ['segment.ts', 'video/mp2t'],
    ['segment.m4s', 'video/iso.segment'],
    ['list.m3u8', 'application/vnd.apple.mpegurl'],
    ['list.mpd', 'application/dash+xml'],
    ['captions.vtt', 'text/vtt; charset=utf-8'],
    ['sound.flac', 'audio/flac'],
    ['sound.m4a', 'audio/mp4'],
    ['sound.mp3', 'audio/mpeg'],
    ['map.pmtiles', 'application/vnd.pmtiles'],
    ['table.parquet', 'application/vnd.apache.parquet'],
    ['archive.zst', 'application/zstd'],
    ['page.html', 'text/html; charset=utf-8'],
    ['code.js', 'text/javascript; charset=utf-8'],
    ['data.json', 'application/json'],
    ['PAGE.HTML', 'text/html; charset=utf-8'],
    ['/a.b/c.d/film.mp4', 'video/mp4'],
    ['README', undefined],
    ['a.mp4/README', undefined],
    ['no.such-extension', undefined],
    ['', undefined],
    // No extension, wherever it lies.
    ['html', undefined],
    ['folder/html', undefined],
    ['.html', undefined],
    ['folder/.html', undefined],
  ])('%s: %s', (path, type) => {
    expect(mediaType(path)).toBe(type)
  })
})

async function openSource(bytes: Uint8Array): Promise<FileSource> {
  return (await nodeFile(putFile(directory, bytes))) ?? never()
}

function never(): never {
  throw new Error('Expected something, got nothing')
}
