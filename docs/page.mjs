// Takes docs/page.png anew: npm run build && node docs/page.mjs; needs ffmpeg and Chromium
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chromium } from 'playwright-core'

const root = join(import.meta.dirname, '..')
const examples = join(root, 'examples/media')
const temporary = mkdtempSync(join(tmpdir(), 'byteserve-page-'))
const folder = join(temporary, 'Movies')

/** What is in the folder, by the file of examples/media that it is a copy of. */
const LIBRARY = {
  'film.mp4': [
    'Films/2001 - A Space Odyssey (1968).mp4',
    'Films/Metropolis (1927)/Metropolis (1927).mp4',
    'Films/Солярис (1972).mp4',
  ],
  'film.webm': [
    'Films/Nosferatu (1922).webm',
    'Series/Dark.S01E01.Geheimnisse.webm',
    'Series/Dark.S01E02.Lügen.webm',
    'Series/Dark.S01E03.Gestern.webm',
  ],
  'notes.mp3': ['Music/Notes.mp3'],
}

function fill() {
  for (const [original, names] of Object.entries(LIBRARY)) {
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      copyFileSync(join(examples, original), join(folder, name))
    }
  }
  mkdirSync(join(folder, 'Papers'))
  writeFileSync(join(folder, 'Papers/read me.txt'), 'Texts are listed, too.\n')
  // 100 minutes, with the index at the end.
  const [from, to] = [join(examples, 'film.mp4'), join(folder, 'A long film.mp4')]
  const quiet = ['-hide_banner', '-loglevel', 'error']
  execFileSync('ffmpeg', [...quiet, '-stream_loop', '299', '-i', from, '-c', 'copy', to])
}

async function take(url) {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
  const args = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required']
  const browser = await chromium.launch({ executablePath, args })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(url)
    await page.getByRole('link', { name: 'A long film' }).first().click()
    for (const part of [0.8, 0.3, 0.52]) {
      await page.evaluate(async (part) => {
        const video = document.querySelector('video')
        if (!(video.duration > 0)) await new Promise((done) => (video.onloadedmetadata = done))
        const seeked = new Promise((done) => (video.onseeked = done))
        video.currentTime = video.duration * part
        await seeked
      }, part)
      // What is read ahead arrives, and so do the pictures of the list.
      await page.waitForTimeout(1500)
    }
    await page.evaluate(() => document.querySelector('video').pause())
    await page.getByText('The last requests').click()
    await page.locator('video').hover()
    await page.waitForTimeout(500)
    await page.screenshot({ path: join(import.meta.dirname, 'page.png') })
  } finally {
    await browser.close()
  }
}

fill()
const command = [join(root, 'dist/command/byteserve.js'), folder, '--port', '0', '--log', 'off']
const server = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const [line] = await once(server.stdout, 'data')
  await take(String(line).trim())
} finally {
  server.kill()
  rmSync(temporary, { recursive: true })
}
