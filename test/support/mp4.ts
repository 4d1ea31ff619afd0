import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A box of these contents; `largesize` if its size is to take 64 bits. */
export function box(type: string, ...contents: (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(contents.map((each) => Buffer.from(each)))
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, content])
}

/** A box whose size takes 64 bits. */
export function largeBox(type: string, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const head = Buffer.alloc(16)
  head.writeUInt32BE(1)
  head.write(type, 4, 'latin1')
  head.writeBigUInt64BE(BigInt(16 + content.length), 8)
  return Buffer.concat([head, content])
}

/** A box of a table of offsets. */
export function offsetBox(type: 'stco' | 'co64', offsets: readonly number[]): Buffer {
  const width = type === 'co64' ? 8 : 4
  const content = Buffer.alloc(8 + offsets.length * width)
  content.writeUInt32BE(offsets.length, 4)
  for (const [i, offset] of offsets.entries()) {
    if (width === 8) content.writeBigUInt64BE(BigInt(offset), 8 + 8 * i)
    else content.writeUInt32BE(offset, 8 + 4 * i)
  }
  return box(type, content)
}

/** A track with these tables, or other boxes in their place. */
export function track(...boxes: Uint8Array[]): Buffer {
  return box('trak', box('mdia', box('minf', box('stbl', ...boxes))))
}

const VIDEO = ['-f', 'lavfi', '-i', 'testsrc=s=64x48:r=10:d=2']
const AUDIO = ['-f', 'lavfi', '-i', 'sine=d=2']
const KEY = '0123456789abcdef0123456789abcdef'

/** How each film of the corpus is made: with `film.mp4` as the first input, unless it has its own. */
const FILMS: [name: string, ...options: string[]][] = [
  ['plain.mp4', '-c', 'copy'],
  ['quicktime.mov', '-c', 'copy'],
  ['audio.m4a', '-map', '0:a', '-c', 'copy'],
  ['video.m4v', '-map', '0:v', '-c', 'copy'],
  ['phone.3gp', '-c', 'copy'],
  ['ipod.mp4', '-c', 'copy', '-f', 'ipod'],
  ['psp.mp4', '-c', 'copy', '-f', 'psp'],
  ['edit-list.mp4', '-ss', '0.55', '-c', 'copy'],
  ['no-edit-list.mp4', '-c', 'copy', '-use_editlist', '0'],
  [
    'delayed.mp4',
    '-itsoffset',
    '0.7',
    '-i',
    'film.mp4',
    '-map',
    '0:v',
    '-map',
    '1:a',
    '-c',
    'copy',
  ],
  ['three-tracks.mp4', '-map', '0:v', '-map', '0:a', '-map', '0:a', '-c', 'copy'],
  ['subtitles.mp4', '-i', 'film.srt', '-c', 'copy', '-c:s', 'mov_text'],
  ['chapters.mp4', '-i', 'chapters.txt', '-map_metadata', '1', '-c', 'copy'],
  ['tags.mov', '-c', 'copy', '-movflags', 'use_metadata_tags', '-metadata', 'a=b'],
  ['hinted.mp4', '-c', 'copy', '-movflags', 'rtphint'],
  ['time-code.mov', '-c', 'copy', '-timecode', '01:00:00:00'],
  ['brand.mp4', '-c', 'copy', '-brand', 'mp42'],
  ['negative.mp4', '-c', 'copy', '-movflags', 'negative_cts_offsets'],
  ['no-chpl.mp4', '-c', 'copy', '-movflags', 'disable_chpl'],
  ['mpeg4.mp4', '-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
  ['motion-jpeg.mov', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-c:a', 'pcm_s16le'],
  ['lossless.mp4', '-map', '0:a', '-c:a', 'alac'],
  // Nothing is to be moved in these.
  ['faststart.mp4', '-c', 'copy', '-movflags', 'faststart'],
  ['fragments.mp4', '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov'],
  ['fragments-moov.mp4', '-c', 'copy', '-movflags', 'frag_keyframe'],
  ['dash.mp4', '-map', '0:v', '-c', 'copy', '-movflags', 'dash+frag_keyframe'],
  [
    'encrypted.mp4',
    '-c',
    'copy',
    '-encryption_scheme',
    'cenc-aes-ctr',
    '-encryption_key',
    KEY,
    '-encryption_kid',
    KEY,
  ],
  ['matroska.mkv', '-c', 'copy'],
]

/** Those in which nothing is to be moved. */
export const UNMOVED: readonly string[] = FILMS.map(([name]) => name).slice(-6)

export const FILM_NAMES: readonly string[] = FILMS.map(([name]) => name)

/** Makes the films in a directory, as different muxers and options do. */
export function makeFilms(directory: string): void {
  writeFileSync(join(directory, 'film.srt'), '1\n00:00:00,000 --> 00:00:01,000\nHello\n')
  const chapter = '[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n'
  writeFileSync(join(directory, 'chapters.txt'), `;FFMETADATA1\n${chapter}`)
  ffmpeg(directory, ...VIDEO, ...AUDIO, '-c:v', 'libx264', '-g', '5', '-c:a', 'aac', 'film.mp4')
  for (const [name, ...options] of FILMS) ffmpeg(directory, '-i', 'film.mp4', ...options, name)
}

function ffmpeg(directory: string, ...args: string[]): void {
  const quiet = ['-v', 'error', '-nostdin', '-y']
  execFileSync('ffmpeg', [...quiet, ...args], { cwd: directory, stdio: 'pipe' })
}

/** What qt-faststart makes of a file; null if it finds nothing to move, or refuses it. */
export function qtFaststart(directory: string, name: string): Buffer | null {
  const output = `${name}.out`
  rmSync(join(directory, output), { force: true })
  try {
    execFileSync('qt-faststart', [name, output], { cwd: directory, stdio: 'pipe' })
    return readFileSync(join(directory, output))
  } catch {
    return null
  }
}
