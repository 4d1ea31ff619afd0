import { once } from 'node:events'
import {
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { columns, type Running, startCommand, stopCommands } from './command-process.ts'
import { MEDIA, pageIn, serveFiles, serveOdd } from './page-tab.ts'
import { BROWSERS, type Tab } from './support/tab.ts'
import { temporaryDirectory } from './support/temporary.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const root = temporaryDirectory()
let server: Running
let url = ''
let oddUrl = ''
/** A folder of 2 100 films. */
let manyUrl = ''

beforeAll(async () => {
  ;({ server, url } = await serveFiles(root))
  oddUrl = await serveOdd(temporaryDirectory())
  const many = temporaryDirectory()
  cpSync(join(MEDIA, 'film.mp4'), join(many, 'Film 1.mp4'))
  for (let i = 2; i <= 2100; i++) linkSync(join(many, 'Film 1.mp4'), join(many, `Film ${i}.mp4`))
  manyUrl = await startCommand('node', [many, '--port', '0']).url
})

afterAll(stopCommands)

describe.each(BROWSERS)('in $name', ({ name, launch }) => {
  let tab: Tab

  beforeAll(async () => {
    tab = await launch()
  })

  const { open, state, titles, click } = pageIn(
    () => tab,
    () => url,
  )

  // What the script of the page makes of lists, words and addresses is the same in all browsers, once
  // they run it: that they do, the tests of films and of folders say in each.
  const testOnce = test.runIf(name === 'Chromium')

  test('films come in order, without their folders; nothing hides them', async () => {
    await tab.open(url)
    expect(await titles()).toEqual([
      'Broken',
      'Far away',
      'Nosferatu',
      'Stalker (1979)',
      'عمر المختار (1981)',
      '七人の侍 (1954)',
      'Notes',
      'Part 1',
      'Part 2',
      'Part 10',
    ])
    expect(await tab.run(() => document.querySelector('#counts span')?.textContent)).toBe(
      '9 videos, 1 song, 2 pictures, 302 others',
    )
  })

  testOnce('the filter finds files in all folders, while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.press('k', '/', ...'299')
    await expect
      .poll(() =>
        tab.run(() => [...document.querySelectorAll('.others .name')].map((it) => it.textContent)),
      )
      .toEqual(['cache/299.json'])
    expect(await titles()).toEqual([])
    expect(await state()).toMatchObject({ title: 'Nosferatu', isPaused: false })
    await tab.press('Escape')
    await expect.poll(async () => (await titles()).length).toBe(10)
    expect(await state()).toMatchObject({ current: 'Nosferatu' })
  })

  testOnce('what the server will find is not hidden until then', async () => {
    await tab.open(`${url}Pictures/`)
    await tab.run(() => {
      window.fetch = () => new Promise(() => {})
    })
    await tab.press('/', ...'pictures a')
    const shown = () =>
      tab.run(() => {
        const links = [...document.querySelectorAll<HTMLElement>('.picture')]
        return links.filter((link) => link.offsetParent !== null).length
      })
    expect(await shown()).toBe(1)
  })

  testOnce('an answer to older words is not shown; Enter waits for that to the newer', async () => {
    await tab.open(manyUrl)
    await tab.run(() => {
      const ask = window.fetch
      window.fetch = async (target, init) => {
        const response = await ask(target, init)
        document.body.dataset.held = new URL(response.url).search
        await new Promise((go) => document.addEventListener('go', go, { once: true }))
        init?.signal?.throwIfAborted()
        return response
      }
    })
    const held = () => tab.run(() => document.body.dataset.held)
    const go = () => tab.run(() => void document.dispatchEvent(new Event('go')))
    await tab.press('/', '1')
    await expect.poll(held).toBe('?q=1')
    await tab.press('7', '7')
    await go()
    await expect.poll(held).toBe('?q=177')
    expect(await titles()).toEqual(['Film 177'])
    await tab.press('7', 'Enter')
    await expect.poll(held).toBe('?q=1777')
    await go()
    await expect
      .poll(() => tab.run(() => document.activeElement?.textContent?.slice(0, 9)))
      .toBe('Film 1777')
    expect(await titles()).toEqual(['Film 1777'])
  })

  test('who types goes on typing, also when the first film is found', async () => {
    await tab.open(`${url}?q=read`)
    const facts = () =>
      tab.run(() => ({
        words: document.querySelector<HTMLInputElement>('#words')?.value,
        focus: document.activeElement?.id,
        stage: document.querySelector<HTMLElement>('#stage')?.offsetHeight !== 0,
        title: document.querySelector('#title')?.textContent,
        place: location.search,
      }))
    expect(await facts()).toMatchObject({ words: 'read', stage: false })
    await tab.press('/', ...'no')
    await expect.poll(async () => (await facts()).place).toBe('?q=no')
    await tab.press('s', 'm')
    await expect.poll(facts).toMatchObject({ words: 'nosm', focus: 'words', title: 'Nosferatu' })
    expect(await state()).toMatchObject({ isMuted: false })
  })

  test('a folder is entered and left while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.press('k')
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    expect(await tab.run(() => location.pathname)).toBe('/Wire/')
    expect(await state()).toMatchObject({ title: 'Nosferatu', current: null, isPaused: false })
    await click('#place a')
    await expect.poll(async () => (await titles()).length).toBe(10)
    await tab.run(() => history.back())
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await click('.media a')
    await expect.poll(state).toMatchObject({ title: 'Part 1', current: 'Part 1', isPaused: false })
  })

  test('an archive is had of the folder that is shown, by the keyboard, while a film plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.press('k')
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await tab.run(() => document.querySelector<HTMLElement>('#counts button')?.focus())
    await tab.press('Enter')
    const archives = () =>
      server
        .log()
        .map(columns)
        .filter(([, , target]) => target === '/Wire/?zip=')
        .map(([, , , , status, , , outcome]) => [status, outcome])
    await expect.poll(archives).toContainEqual(['200', undefined])
    expect(await state()).toMatchObject({ title: 'Nosferatu', isPaused: false })
    expect(tab.faults()).toEqual([])
  })

  testOnce('Back brings the filter and the order of what it brings back', async () => {
    const search = () =>
      tab.run(() => ({
        place: location.pathname + location.search,
        words: document.querySelector<HTMLInputElement>('#words')?.value,
        order: document.querySelector<HTMLSelectElement>('#order')?.value,
        isListed: document.querySelector('.video[href$="Part%202.mp4"]') !== null,
        count: document.querySelector('#counts span')?.textContent,
      }))
    await tab.open(url)
    await tab.run(() => {
      const order = document.querySelector<HTMLSelectElement>('#order')
      if (order === null) throw new Error('Expected a choice of orders')
      order.value = 'date'
      order.dispatchEvent(new Event('change'))
    })
    await expect.poll(search).toMatchObject({ place: '/?sort=date', order: 'date' })
    await tab.press('/', ...'wire')
    const found = {
      place: '/?q=wire&sort=date',
      words: 'wire',
      order: 'date',
      isListed: true,
      count: '3 videos',
    }
    await expect.poll(search).toEqual(found)
    await click('#place a')
    const all = { place: '/', words: '', order: 'name' }
    await expect.poll(search).toMatchObject(all)
    await tab.run(() => history.back())
    await expect.poll(search).toEqual(found)
    await tab.run(() => history.forward())
    await expect.poll(search).toMatchObject(all)
  })

  testOnce('that nothing is found is announced, as is what is found', async () => {
    const status = () => tab.run(() => document.querySelector('#status')?.textContent)
    await tab.open(oddUrl)
    await tab.press('/', ...'song')
    await expect.poll(status).toBe('1 song')
    await tab.press('s')
    await expect.poll(status).toBe('Nothing here is called “songs”.')
  })

  test('a folder that is gone, or can not be shown now, leaves the film alone', async () => {
    const own = temporaryDirectory()
    const top = join(own, 'top')
    mkdirSync(join(top, 'Gone'), { recursive: true })
    cpSync(join(MEDIA, 'film.webm'), join(top, 'film.webm'))
    await tab.open(await startCommand('node', [top, '--port', '0']).url)
    await expect.poll(state).toMatchObject({ title: 'film', isReady: true })
    await tab.press('k')
    const said = () => tab.run(() => document.querySelector('#toast')?.textContent)
    rmdirSync(join(top, 'Gone'))
    await click('.folders a')
    await expect.poll(said).toBe('This folder is no longer there')
    renameSync(top, join(own, 'elsewhere'))
    await tab.press('/', ...'fil')
    await expect.poll(said).toBe('The server can’t show this folder now (503)')
    expect(await titles()).toEqual(['film'])
    expect(await state()).toMatchObject({ title: 'film', isPaused: false })
  })

  test('where Back leads to a folder that is gone, links lead from what is shown', async () => {
    const own = temporaryDirectory()
    mkdirSync(join(own, 'Gone'))
    mkdirSync(join(own, 'Here'))
    cpSync(join(MEDIA, 'film.webm'), join(own, 'Here/film.webm'))
    const address = await startCommand('node', [own, '--port', '0']).url
    await tab.open(`${address}Gone/`)
    await click('#place a')
    await expect.poll(titles).toEqual(['film'])
    rmdirSync(join(own, 'Gone'))
    await tab.run(() => history.back())
    await expect
      .poll(() => tab.run(() => document.querySelector('#toast')?.textContent))
      .toBe('This folder is no longer there')
    await click('.folders a[href="Here/"]')
    await expect.poll(() => tab.run(() => location.pathname)).toBe('/Here/')
    expect(await titles()).toEqual(['film'])
  })

  test('what Back leads to is let go of before it has come, by Forward or by a link', async () => {
    const place = () => tab.run(() => location.pathname)
    const dropped = () => tab.run(() => Number(document.body.dataset.dropped ?? 0))
    await tab.open(url)
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await tab.run(() => {
      let dropped = 0
      window.fetch = (_, init) =>
        new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => {
            document.body.dataset.dropped = String(++dropped)
            reject(init.signal?.reason)
          })
        })
      history.back()
    })
    await expect.poll(place).toBe('/')
    await tab.run(() => history.forward())
    await expect.poll(dropped).toBe(1)
    await tab.run(() => history.back())
    await expect.poll(place).toBe('/')
    await click('.media a')
    await expect.poll(state).toMatchObject({ title: 'Part 1', current: 'Part 1', isReady: true })
    expect([await dropped(), await place()]).toEqual([2, '/Wire/'])
  })

  test('Back comes to the folder that one was in, on a phone as well', async () => {
    onTestFinished(() => tab.resize(1280, 900))
    await tab.resize(500, 800)
    await tab.open(`${oddUrl}Artists/`)
    const focused = () =>
      tab.run(() => {
        const { top = -1 } = document.activeElement?.getBoundingClientRect() ?? {}
        return [document.activeElement?.textContent, top > 0 && top < innerHeight]
      })
    await click('.folders a[href="artist%2091/"]')
    await expect.poll(() => tab.run(() => document.activeElement?.id)).toBe('shelf')
    await tab.run(() => history.back())
    await expect.poll(focused).toEqual(['artist 91', true])
  })

  testOnce(
    'what is learned of a film is not taken for that of its like in another folder',
    async () => {
      const own = temporaryDirectory()
      mkdirSync(join(own, 'Deep/Deep'), { recursive: true })
      cpSync(join(MEDIA, 'film.webm'), join(own, 'Deep/Deep/film.webm'))
      writeFileSync(join(own, 'Deep/film.webm'), 'this is no film')
      const address = await startCommand('node', [own, '--port', '0']).url
      const facts = () =>
        tab.run(() => {
          const link = [...document.querySelectorAll('.video:not([data-old])')].at(-1)
          return [location.pathname, link?.querySelector('small')?.textContent]
        })
      await tab.open(`${address}Deep/Deep/`)
      await expect.poll(facts).toEqual(['/Deep/Deep/', '0:20 · 573 kB'])
      await tab.run(() => {
        const listen = HTMLMediaElement.prototype.addEventListener
        HTMLMediaElement.prototype.addEventListener = function (
          type: string,
          listener: EventListener,
          options?: AddEventListenerOptions,
        ) {
          if (type !== 'error') return listen.call(this, type, listener, options)
          document.body.dataset.held = new URL(this.src).pathname
          document.addEventListener('go', listener, { once: true })
        }
      })
      await click('#place a')
      await expect.poll(() => tab.run(() => document.body.dataset.held)).toBe('/Deep/film.webm')
      await click('.folders a')
      await expect.poll(facts).toEqual(['/Deep/', '0:20 · 573 kB'])
      await tab.run(() => {
        document.dispatchEvent(new Event('go'))
        for (const link of document.querySelectorAll<HTMLElement>('.video')) link.dataset.old = ''
      })
      await click('#place [aria-current]')
      await expect.poll(facts).toEqual(['/Deep/', '0:20 · 573 kB'])
    },
  )

  test('Back that fails once leads there the next time', async () => {
    const place = () => tab.run(() => location.pathname)
    await tab.open(`${url}Music/`)
    await click('#place a')
    await expect.poll(place).toBe('/')
    await click('.folders a[href="Wire/"]')
    await expect.poll(place).toBe('/Wire/')
    const back = (status: number) =>
      tab.run(async (failed: number) => {
        const { fetch } = window
        if (failed !== 200) window.fetch = async () => new Response('', { status: failed })
        history.back()
        await new Promise((go) => addEventListener('popstate', go, { once: true }))
        window.fetch = fetch
      }, status)
    const toast = () => tab.run(() => document.querySelector('#toast')?.textContent)
    await back(502)
    await expect.poll(toast).toBe('The server can’t show this folder now (502)')
    expect(await titles()).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await tab.run(() => history.forward())
    await expect.poll(place).toBe('/Wire/')
    await back(502)
    await expect.poll(place).toBe('/')
    // What is shown is played, of which there is another entry then.
    await click('.media a')
    await expect.poll(state).toMatchObject({ title: 'Part 1', current: 'Part 1', isReady: true })
    expect(await place()).toBe('/Wire/')
    await tab.run(() => history.go(-2))
    await expect.poll(async () => (await titles()).length).toBe(10)
    await back(200)
    await expect.poll(titles).toEqual(['Notes'])
    expect(await place()).toBe('/Music/')
  })

  testOnce('a film that is named and on no page that is shown is said', async () => {
    await tab.open(`${manyUrl}?page=2#Film%201500.mp4`)
    await expect
      .poll(() => tab.run(() => document.querySelector('#toast')?.textContent))
      .toBe('Film 1500.mp4 is not on this page')
    expect(await state()).toMatchObject({ title: 'Film 251' })
  })

  test('with forced colours, the range map and the mark of what plays are seen', async () => {
    onTestFinished(() => tab.paint('light'))
    await open('Films/Nosferatu.webm')
    await tab.paint('forced')
    const colours = () =>
      tab.run(() => {
        const parts = ['#bar', '#bar .sent i', '#bar .head', '.legend .buffer', '.legend .index']
        const rows = ['.media a[aria-current]', 'body']
        return [parts, rows].map((selectors) => {
          const colours = selectors.map((selector) => {
            const element = document.querySelector(selector)
            return element === null ? 'none' : getComputedStyle(element).backgroundColor
          })
          return new Set(colours).size
        })
      })
    await expect.poll(() => tab.run(() => matchMedia('(forced-colors: active)').matches)).toBe(true)
    await expect.poll(colours).toEqual([4, 2])
  })

  testOnce('the filter finds folders, and one page more than a hundred', async () => {
    const folders = () =>
      tab.run(() => {
        const links = [...document.querySelectorAll<HTMLElement>('.folders a')]
        return links.filter((link) => link.offsetParent !== null).map((link) => link.textContent)
      })
    await tab.open(`${oddUrl}Artists/`)
    expect((await folders()).at(-1)).toBe('artist 100')
    await click('#pages a[rel=next]')
    await expect.poll(async () => (await folders()).at(-1)).toBe('artist 130')
    await click('#place a')
    await expect.poll(folders).toEqual(['Artists', 'Photos', 'Show'])
    await tab.press('/', ...'artist 117')
    await expect.poll(folders).toEqual(['Artists/artist 117'])
    await tab.press('Enter', 'Enter')
    await expect.poll(() => tab.run(() => location.pathname)).toBe('/Artists/artist%20117/')
  })

  test('the link to the files leaves the address to what plays', async () => {
    await open('Films/Nosferatu.webm')
    await tab.run(() => document.querySelector<HTMLElement>('.skip')?.focus())
    await tab.press('Enter')
    await expect.poll(() => tab.run(() => document.activeElement?.id)).toBe('shelf')
    expect(await tab.run(() => location.hash)).toBe('#Films/Nosferatu.webm')
    await tab.press('Tab')
    expect(await tab.run(() => document.activeElement?.closest('#shelf')?.id ?? null)).toBe('shelf')
  })

  test('pictures are shown in place, one after the other', async () => {
    await tab.open(`${url}Pictures/`)
    await tab.run(() => document.querySelector<HTMLElement>('.picture')?.focus())
    await tab.press('Enter')
    const shown = () =>
      tab.run(() => {
        const image = document.querySelector<HTMLImageElement>('#viewer[open] img')
        return image === null ? null : [image.alt, image.complete && image.naturalWidth]
      })
    await expect.poll(shown).toEqual(['a', 1])
    await tab.press('ArrowRight')
    await expect.poll(shown).toEqual(['b', 1])
    await tab.press('Escape')
    await expect
      .poll(() => tab.run(() => document.activeElement?.getAttribute('href')))
      .toBe('b.png')
    expect(await shown()).toBeNull()
    expect(tab.faults()).toEqual([])
  })

  test('Back closes a picture', async () => {
    await tab.open(url)
    await click('.folders a[href="Pictures/"]')
    await expect.poll(() => tab.run(() => location.pathname)).toBe('/Pictures/')
    await click('.picture')
    await tab.run(() => history.back())
    await expect.poll(async () => (await titles()).length).toBe(10)
    expect(await tab.run(() => document.querySelector('#viewer[open]'))).toBeNull()
  })

  test('a picture of any shape fits, above buttons in one row', async () => {
    onTestFinished(() => tab.resize(1280, 900))
    await tab.open(`${oddUrl}Photos/`)
    const facts = () =>
      tab.run(async () => {
        const rect = (selector: string) => {
          const found = document.querySelector(`#viewer ${selector}`)
          return found?.getBoundingClientRect() ?? new DOMRect()
        }
        await document.querySelector<HTMLImageElement>('#viewer img')?.decode()
        const [frame, image] = [rect('.frame'), rect('img')]
        const buttons = ['.open', '.previous', '.next', '.close'].map(rect)
        return {
          isInside:
            image.top >= frame.top - 1 &&
            image.bottom <= frame.bottom + 1 &&
            image.left >= frame.left - 1 &&
            image.right <= frame.right + 1,
          isLarge: image.height > frame.height - 2 || image.width > frame.width - 2,
          isRow: buttons.every(({ top }) => top < Math.min(...buttons.map((it) => it.bottom))),
        }
      })
    await click('.picture')
    for (const [width, height] of [
      [1280, 900],
      [844, 390],
      [390, 844],
    ] as const) {
      await tab.resize(width, height)
      for (const _ of ['tall', 'wide']) {
        await expect.poll(facts).toEqual({ isInside: true, isLarge: true, isRow: true })
        await tab.press('ArrowRight')
      }
    }
  })

  test('what has the focus in the viewer is seen, and does not lead away', async () => {
    await tab.open(`${url}Pictures/`)
    await tab.run(() => document.querySelector<HTMLElement>('.picture')?.focus())
    await tab.press('Enter')
    const contrast = () =>
      tab.run(() => {
        const luminance = (colour: string) => {
          const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((text) => {
            const value = Number(text) / 255
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue
        }
        const button = document.querySelector('#viewer .close:focus-visible')
        const dialog = document.querySelector('#viewer')
        if (button === null || dialog === null) throw new Error('Expected the focus on Close')
        const ring = luminance(getComputedStyle(button).outlineColor)
        const [ground, surface] = [dialog, button].map((it) => {
          return luminance(getComputedStyle(it).backgroundColor)
        })
        return (ring + 0.05) / (Math.max(ground ?? 1, surface ?? 1) + 0.05)
      })
    await expect.poll(contrast).toBeGreaterThan(3)
  })

  test('a PDF is shown in place', async () => {
    await tab.open(`${url}Papers/`)
    await click('.pdf')
    const shown = () =>
      tab.run(() => document.querySelector<HTMLIFrameElement>('#viewer[open] iframe')?.src ?? null)
    await expect.poll(shown).toBe(`${url}Papers/Manual.pdf`)
    const asked = () => server.log().map(columns)
    await expect
      .poll(() => asked().filter(([, , target]) => target === '/Papers/Manual.pdf').length)
      .toBeGreaterThan(0)
    await click('#viewer .close')
    expect(await shown()).toBeNull()
    expect(tab.faults()).toEqual([])
  })

  test('a PDF is left to iPhones and iPads, which show its first page alone in place', async () => {
    await tab.open(`${url}Papers/`)
    const isLeft = () =>
      tab.run(() => {
        let isLeft = false
        const see = (event: Event) => {
          isLeft = !event.defaultPrevented
          event.preventDefault()
        }
        addEventListener('click', see, { once: true })
        document.querySelector<HTMLElement>('.pdf')?.click()
        document.querySelector<HTMLDialogElement>('#viewer[open]')?.close()
        return isLeft
      })
    expect(await isLeft()).toBe(false)
    await tab.run(() => {
      Object.defineProperty(navigator, 'vendor', { value: 'Apple Computer, Inc.' })
      Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 })
    })
    expect(await isLeft()).toBe(true)
  })

  testOnce('a browser as old as Safari 15.4 filters, orders and fills the screen', async () => {
    await open('Films/Nosferatu.webm')
    await tab.run(() => {
      for (const [of, names] of [
        [URLSearchParams.prototype, ['size']],
        [Document.prototype, ['fullscreenElement', 'exitFullscreen']],
        [Element.prototype, ['requestFullscreen']],
        [Navigator.prototype, ['pdfViewerEnabled']],
        [Array.prototype, ['toReversed', 'toSorted', 'with']],
        [URL, ['canParse', 'parse']],
        [AbortSignal, ['any', 'timeout']],
      ] as const) {
        for (const name of names) Reflect.deleteProperty(of, name)
      }
      Object.assign(HTMLVideoElement.prototype, {
        webkitEnterFullscreen() {
          document.body.dataset.screen = 'full'
        },
      })
    })
    await tab.press('f')
    expect(await tab.run(() => document.body.dataset.screen)).toBe('full')
    await tab.press('/', ...'299')
    await expect.poll(() => tab.run(() => location.search)).toBe('?q=299')
    await tab.press('Escape')
    await expect.poll(async () => (await titles()).length).toBe(10)
    await tab.run(() => {
      const order = document.querySelector<HTMLSelectElement>('#order')
      if (order !== null) order.value = 'size'
      order?.dispatchEvent(new Event('change'))
    })
    await expect.poll(() => tab.run(() => location.search)).toBe('?sort=size')
    expect(tab.faults()).toEqual([])
  })

  test('opened with a name and a password in its address, folders are entered all the same', async () => {
    const own = startCommand('node', [root, '--port', '0', '--auth', 'me:secret'])
    const address = (await own.url).replace('//', '//me:secret@')
    await tab.open(`${address}#Films/Stalker%20(1979)/Stalker%20(1979).mp4`)
    await expect.poll(state).toMatchObject({ title: 'Stalker (1979)', isReady: true })
    await tab.press('c')
    const cues = () =>
      tab.run(() => {
        const tracks = [...(document.querySelector('video')?.textTracks ?? [])]
        return tracks.find(({ mode }) => mode === 'showing')?.cues?.length
      })
    await expect.poll(cues).toBe(2)
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await tab.run(() => history.back())
    await expect.poll(async () => (await titles()).length).toBe(10)
    await click('.video[href$="Broken.mp4"]')
    const trouble = () =>
      tab.run(() => document.querySelector('#trouble:not([hidden])')?.textContent ?? '')
    await expect.poll(trouble).toMatch(/^This browser can’t play this file/)
  })

  testOnce(
    'film no. 1500 of 2 100 is on its page; next and previous turn pages; the filter finds it',
    async () => {
      await tab.open(`${manyUrl}?page=6#Film%201500.mp4`)
      const playing = (title: string) => expect.poll(state).toMatchObject({ title })
      const place = () => tab.run(() => document.querySelector('#pages span')?.textContent ?? null)
      const counts = () =>
        tab.run(() => document.querySelector('#counts span')?.textContent ?? null)
      await playing('Film 1500')
      expect([await place(), await counts()]).toEqual(['Page 6 of 9', '2\u00a0100 videos'])
      await tab.press('p')
      await playing('Film 1499')
      await tab.press('n')
      await playing('Film 1500')
      await tab.press('n')
      await playing('Film 1501')
      expect(await place()).toBe('Page 7 of 9')
      expect(await tab.run(() => location.search + location.hash)).toBe('?page=7#Film%201501.mp4')
      await tab.press('p')
      await playing('Film 1500')
      expect(await state()).toMatchObject({ current: 'Film 1500' })
      expect(await place()).toBe('Page 6 of 9')
      await tab.press('/', ...'1777')
      await expect.poll(titles).toEqual(['Film 1777'])
      await tab.press('Enter', 'Enter')
      await playing('Film 1777')
      // There is no other that was found.
      await tab.press('n')
      expect(await state()).toMatchObject({ title: 'Film 1777' })
      expect(tab.faults()).toEqual([])
    },
  )

  testOnce('behind a proxy, below a path of its own, the page is the same', async () => {
    let playlist = ''
    const proxy = createServer(({ url: target = '', headers }, response) => {
      const to = new URL(target.replace('/my/', '/'), url)
      // As nginx does it, unless it is told to keep the host.
      request(to, { headers: { ...headers, host: to.host } }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
        if (!target.includes('?playlist')) return
        answer.on('data', (chunk) => {
          playlist += chunk
        })
      }).end()
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as AddressInfo
    await tab.open(`http://127.0.0.1:${port}/my/`)
    await click('.folders a[href="Wire/"]')
    await expect.poll(titles).toEqual(['Part 1', 'Part 2', 'Part 10'])
    await click('#place a')
    await expect.poll(titles).toContain('Nosferatu')
    await click('.video[href$="Nosferatu.webm"]')
    await expect.poll(state).toMatchObject({ title: 'Nosferatu', isReady: true })
    const shown = () =>
      tab.run(() => ({
        note: document.querySelector('#note')?.textContent,
        isDrawn: Number(document.querySelector<HTMLElement>('#map')?.dataset.requests) > 0,
      }))
    await expect
      .poll(shown)
      .toEqual({ note: expect.stringMatching(/^The index \(Cues/), isDrawn: true })
    await click('#counts a[href*=playlist]')
    await expect
      .poll(() => playlist)
      .toContain(`\nhttp://127.0.0.1:${port}/my/Films/Nosferatu.webm\n`)
    expect(tab.faults()).toEqual([])
    proxy.closeAllConnections()
    proxy.close()
  })

  testOnce('behind a proxy, the range map goes on once the server is back', async () => {
    let to: string | null = url
    let refused = 0
    let close = () => {}
    const proxy = createServer((asked, response) => {
      const isEvents = asked.url?.includes('?events=')
      if (to === null) {
        response.writeHead(502).end()
        if (isEvents) refused++
        return
      }
      const upstream = request(
        new URL(asked.url ?? '', to),
        { headers: asked.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers)
          // At once, and not after seconds.
          if (isEvents) response.write('retry: 1\n\n')
          answer.pipe(response)
        },
      ).end()
      if (isEvents) close = () => response.destroy()
      upstream.on('error', () => {})
      response.on('close', () => upstream.destroy())
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    await open('Films/Far away.mp4', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`)
    const states = () =>
      tab.run(() =>
        Array.from(
          document.querySelectorAll<HTMLElement>('#requests tr'),
          ({ dataset }) => dataset.state,
        ),
      )
    await tab.run(async () => {
      // Nobody reads it, and it does not end.
      Object.assign(window, { held: await fetch(document.querySelector('video')?.src ?? '') })
      const wait = window.setTimeout
      Object.assign(window, { setTimeout: (go: () => void) => wait(go, 1) })
    })
    await expect.poll(states).toContain('running')
    to = null
    close()
    await expect.poll(() => refused).toBeGreaterThan(0)
    // It was started anew, and knows of nothing.
    to = await startCommand('node', [root, '--port', '0']).url
    await expect.poll(states).not.toContain('running')
    proxy.closeAllConnections()
    proxy.close()
  })

  testOnce.each([
    [401, [3000]],
    [404, [3000]],
    [503, [3000, 6000, 12_000, 24_000, 48_000, 60_000, 60_000]],
  ])(
    'for the range map, a server that answers with %i is asked after %j ms',
    async (status, pauses) => {
      let isWell = true
      let close = () => {}
      const proxy = createServer((asked, response) => {
        if (!isWell) {
          response.writeHead(status).end()
          return
        }
        const { headers } = asked
        request(new URL(asked.url ?? '', url), { headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers)
          answer.pipe(response)
          if (!asked.url?.includes('?events=')) return
          response.write('retry: 1\n\n')
          close = () => response.destroy()
        }).end()
      }).listen(0, '127.0.0.1')
      await once(proxy, 'listening')
      await open(
        'Films/Nosferatu.webm',
        `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`,
      )
      const isShown = () =>
        tab.run(() => document.querySelector<HTMLElement>('#map')?.hidden === false)
      await expect.poll(isShown).toBe(true)
      await tab.run(() => {
        const { setTimeout } = window
        const waited: number[] = []
        Object.assign(window, {
          waited,
          setTimeout(go: () => void, time: number) {
            if (time % 3000 !== 0 || waited.length === 7) return setTimeout(go, time)
            waited.push(time)
            return setTimeout(go, 1)
          },
        })
      })
      isWell = false
      close()
      const waited = () => tab.run(() => Reflect.get(window, 'waited') as number[])
      await expect.poll(waited).toEqual(pauses)
      // Nor is it asked later.
      await new Promise((go) => setTimeout(go, 300))
      expect(await waited()).toEqual(pauses)
      proxy.closeAllConnections()
      proxy.close()
    },
  )

  test('a page that asks another host would be noticed', async () => {
    const page = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<img src="http://elsewhere.invalid/a.png">')
    }).listen(0, '127.0.0.1')
    await once(page, 'listening')
    const { port } = page.address() as AddressInfo
    await tab.open(`http://127.0.0.1:${port}/`)
    await expect.poll(() => tab.faults()).toContain('asked for http://elsewhere.invalid/a.png')
    page.close()
  })

  /** What axe finds, by all of its rules or by some. */
  async function violations(rules: readonly string[] | null): Promise<string[][]> {
    // Not as a script of the page, which its policy refuses; and once in each page.
    if (!(await tab.run(() => 'axe' in globalThis))) {
      await tab.run(`() => { ${AXE}; globalThis.axe = axe }` as unknown as () => void)
    }
    const find = `async (rules) => {
      const { violations } = await axe.run(rules === null ? {} : { runOnly: rules })
      return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])
    }`
    return tab.run(
      find as unknown as (rules: readonly string[] | null) => Promise<string[][]>,
      rules,
    )
  }

  test.each([
    ['the page', '', [1280, 900], []],
    ['a folder', 'Films/', [1280, 900], []],
    ['pictures alone', 'Pictures/', [1280, 900], []],
    ['a picture', 'Pictures/', [1280, 900], ['.picture']],
    ['the page on a phone', '', [500, 800], []],
  ] as const)('axe finds nothing in %s, light or dark', async (_what, folder, [
    width,
    height,
  ], clicked) => {
    onTestFinished(async () => {
      await tab.paint('light')
      await tab.resize(1280, 900)
    })
    await tab.resize(width, height)
    await tab.open(url + folder)
    for (const selector of clicked) await click(selector)
    await tab.run(() => {
      const details = document.querySelector('details')
      if (details !== null) details.open = true
    })
    await expect
      .poll(() =>
        tab.run(() => document.querySelector('#stage:not([hidden]) #bar[hidden]') !== null),
      )
      .toBe(false)
    const found: string[][] = []
    // Nothing but these depends on colours; the others judge markup, which is the same in all browsers.
    const ofColours = ['color-contrast', 'link-in-text-block']
    for (const [colours, rules] of [
      ['light', name === 'Chromium' ? null : ofColours],
      ['dark', ofColours],
    ] as const) {
      await tab.paint(colours)
      const isDark = () => tab.run(() => matchMedia('(prefers-color-scheme: dark)').matches)
      await expect.poll(isDark).toBe(colours === 'dark')
      found.push(...(await violations(rules)))
    }
    expect(found).toEqual([])
  })
})
