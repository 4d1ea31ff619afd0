import { formatSize } from '../../adapters/site/size.ts'
import type { FileSource } from '../../src/source.ts'
import { type FilmLayout, findFilmIndex } from './index-of.ts'

/** What the server says of a file first. */
export interface FileFacts {
  readonly size: number
  readonly layout: FilmLayout | null
  /** What that means for the viewer, in a sentence; '' for nothing. */
  readonly note: string
}

/** Reads them, and closes the file. */
export async function readFacts(source: FileSource): Promise<FileFacts> {
  try {
    const layout = await findFilmIndex(source).catch(() => null)
    return { size: source.size, layout, note: layout === null ? '' : noteOf(layout) }
  } finally {
    await source.close?.()
  }
}

function noteOf({ index, media }: FilmLayout): string {
  const { name, start, end } = index
  if (start < media.end) return ''
  const place = `The index (${name}, ${formatSize(end - start)}) is at the end`
  if (name === 'Cues') {
    return `${place}, as is usual in WebM: the browser asks for it there to seek.`
  }
  return `${place}: before it can play, the browser must ask for it there, which costs one more round trip, or read the whole file. “ffmpeg -i film.mp4 -c copy -movflags +faststart new.mp4” puts it first.`
}
