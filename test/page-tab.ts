import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect } from 'vitest'
import { writeStretched } from './command-film.ts'
import { type Running, startCommand } from './command-process.ts'
import type { Tab } from './support/tab.ts'

export const MEDIA = fileURLToPath(new URL('../examples/media/', import.meta.url))
/** Of every film in examples/media, in seconds. */
export const DURATION = 20
/** More than a browser reads on for, rather than ask for what lies behind. */
const GAP = 256 * 1024 * 1024

/** Of one pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** One page with two words on it. */
const PDF = [
  '%PDF-1.4',
  '1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj',
  '2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj',
  '3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj',
  '4 0 obj <</Length 36>> stream',
  'BT /F 24 Tf 40 99 Td (Hello you) Tj ET',
  'endstream endobj',
  '5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj',
  'trailer <</Size 6/Root 1 0 R>>',
].join('\n')

/** What is shown, and its server. */
export interface Shown {
  readonly root: string
  readonly server: Running
  readonly url: string
}

/** Serves films, songs, pictures and papers; call it in a hook. */
export async function serveFiles(root: string): Promise<Shown> {
  const { write, put } = into(root)
  for (const name of ['Stalker (1979)', '七人の侍 (1954)', 'عمر المختار (1981)']) {
    put('film.mp4', `Films/${name}/${name}.mp4`)
  }
  write(
    'Films/Stalker (1979)/Stalker (1979).en.srt',
    '1\n00:00:00,000 --> 00:00:09,000\nThe <b>zone</b>\n\n2\n00:00:10,000 --> 00:00:19,000\nThe room\n',
  )
  write(
    'Films/Stalker (1979)/Stalker (1979).chapters.vtt',
    'WEBVTT\n\n00:00.000 --> 00:10.000\nThe way\n\n00:10.000 --> 00:20.000\nThe zone\n',
  )
  put('film.webm', 'Films/Nosferatu.webm')
  writeStretched(join(MEDIA, 'film-moov-at-end.mp4'), join(root, 'Films/Far away.mp4'), GAP)
  write('Films/Broken.mp4', 'this is no film')
  for (const number of [1, 2, 10]) {
    put(
      'film.mp4',
      `Wire/Season 1/The.Wire.S01E${String(number).padStart(2, '0')}.Part ${number}.mp4`,
    )
  }
  put('notes.mp3', 'Music/Notes.mp3')
  for (const name of ['a', 'b']) write(`Pictures/${name}.png`, Buffer.from(PNG, 'base64'))
  for (let i = 0; i < 300; i++) write(`cache/${i}.json`, '{}')
  write('read me.txt', 'hello')
  write('Papers/Manual.pdf', PDF)
  const server = startCommand('node', [root, '--port', '0'])
  return { root, server, url: await server.url }
}

/** Serves what is out of the ordinary. */
export async function serveOdd(odd: string): Promise<string> {
  const { write, put } = into(odd)
  put('film.mp4', 'Show/Show.S01E01.One.mp4')
  put('film.webm', 'Show/Show.S01E02.Two.webm')
  write('Show/Show.S01E03.Three.mp4', 'this is no film')
  write('Show/Show.S01E01.One-poster.png', Buffer.from(PNG, 'base64'))
  const cue = (text: string) => `1\n00:00:00,000 --> 00:00:19,000\n${text}\n`
  write('Show/Show.S01E01.One.en.srt', cue('One'))
  write('Show/Show.S01E01.One.chapters.vtt', 'WEBVTT\n\n00:00.000 --> 00:20.000\nAll\n')
  write('Show/Show.S01E02.Two.de.srt', cue('Zwei'))
  write('Show/Show.S01E02.Two.en.forced.srt', cue('(German)'))
  write('Show/Show.S01E02.Two.eng.srt', cue('Two'))
  write('Live.webm', withoutDuration(readFileSync(join(MEDIA, 'film.webm'))))
  writeSilence(join(odd, 'Song.wav'), 300)
  writeSilence(join(odd, 'Book.wav'), 700)
  for (let i = 1; i <= 130; i++) write(`Artists/artist ${i}/notes.txt`, '')
  for (const [name, width, height] of [
    ['tall', 300, 4000],
    ['wide', 4000, 300],
  ] as const) {
    write(
      `Photos/${name}.svg`,
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`,
    )
  }
  return startCommand('node', [odd, '--port', '0']).url
}

/** Writes and copies into a folder, and makes the folders below it. */
function into(top: string) {
  const write = (to: string, content: string | Buffer) => {
    mkdirSync(dirname(join(top, to)), { recursive: true })
    writeFileSync(join(top, to), content)
  }
  const put = (from: string, to: string) => write(to, readFileSync(join(MEDIA, from)))
  return { write, put }
}

/** A WebM film as MediaRecorder writes it: its Duration is Void, of the same length. */
function withoutDuration(film: Buffer): Buffer {
  const at = film.indexOf(Buffer.from([0x44, 0x89, 0x88]))
  if (at < 0) throw new Error('Expected a WebM film with a Duration of eight bytes')
  film.fill(0, at, at + 11)
  film.set([0xec, 0x89], at)
  return film
}

/** A WAV file of one byte a sample, 8 000 a second. */
function writeSilence(path: string, seconds: number): void {
  const [rate, length] = [8000, 8000 * seconds]
  const head = Buffer.alloc(44)
  head.write('RIFF____WAVEfmt ')
  head.writeUInt32LE(36 + length, 4)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(length, 40)
  writeFileSync(path, head)
  truncateSync(path, 44 + length)
}

/**
 * What tests do with the page in a tab, and see of it. To be called in a block of tests that share the
 * tab.
 *
 * @param url where `open` finds its films by default
 */
export function pageIn(ofTab: () => Tab, url: () => string) {
  afterAll(() => ofTab()?.close())

  // The page of a test that is over plays on, and keeps its place in the film as it is left: the next
  // test, or the same once more, would go on there.
  afterEach(() =>
    ofTab()
      .run(() => {
        localStorage.clear()
        Storage.prototype.setItem = () => {}
      })
      .catch(() => {}),
  )

  return { open, state, resumed, seek, titles, click }

  /** Opens the page with a film, whose metadata have come. */
  async function open(name: string, at = url()): Promise<void> {
    await ofTab().open(`${at}#${name.split('/').map(encodeURIComponent).join('/')}`)
    await expect.poll(state).toMatchObject({ isReady: true })
  }

  function state() {
    return ofTab().run(() => {
      const medium = document.querySelector<HTMLMediaElement>('#player > video, #player > audio')
      const current = document.querySelector('[aria-current=true] .name')
      return {
        title: document.title,
        current: current?.textContent ?? null,
        isReady: medium !== null && medium.readyState > 0,
        isPaused: medium?.paused ?? null,
        isMuted: medium?.muted ?? null,
        time: Math.round(medium?.currentTime ?? -1),
        speed: medium?.playbackRate ?? null,
        captions: [...(medium?.textTracks ?? [])].filter(({ mode }) => mode === 'showing').length,
      }
    })
  }

  /** What is said where a film goes on. */
  function resumed(): Promise<string | null> {
    return ofTab().run(() => document.querySelector('#resumed:not([hidden])')?.textContent ?? null)
  }

  async function seek(to: number): Promise<void> {
    await ofTab().run(async (time: number) => {
      const medium = document.querySelector<HTMLMediaElement>('#player > video, #player > audio')
      if (medium === null) throw new Error('Expected a film or a song')
      const seeked = new Promise((resolve) => {
        medium.addEventListener('seeked', resolve, { once: true })
      })
      medium.currentTime = time
      await seeked
    }, to)
  }

  /** The titles of what can be seen in the list. */
  function titles(): Promise<string[]> {
    return ofTab().run(() => {
      const names = [...document.querySelectorAll<HTMLElement>('.media .name')]
      return names
        .filter((name) => name.offsetParent !== null)
        .map(({ textContent }) => `${textContent}`)
    })
  }

  function click(selector: string): Promise<void> {
    return ofTab().run((it: string) => document.querySelector<HTMLElement>(it)?.click(), selector)
  }
}
