import { createServer } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { executablePath, launchChromium } from './chromium.ts'
import { Firefox, firefoxPath } from './firefox.ts'

/** A tab of a real browser, whichever it is. */
export interface Tab {
  open(url: string): Promise<unknown>
  /** Runs a function in the page, and waits for what it returns. */
  run<T, Args extends unknown[]>(
    action: (...args: Args) => T | Promise<T>,
    ...args: Args
  ): Promise<T>
  /** Presses keys, one after the other, by the names that a page gets. */
  press(...keys: string[]): Promise<void>
  resize(width: number, height: number): Promise<void>
  /** Has the system's colours be light, or dark, or those that a person forces upon all pages. */
  paint(colours: 'light' | 'dark' | 'forced'): Promise<void>
  screenshot(): Promise<Buffer>
  /** What went wrong in the page, as far as the browser tells. */
  faults(): string[]
  close(): Promise<void>
}

/** The browsers of this machine; where TEST_BROWSER names one, as vitest.config.ts has it, that alone. */
export const BROWSERS: readonly { name: string; launch(): Promise<Tab> }[] = [
  ...(executablePath === null ? [] : [{ name: 'Chromium', launch: openChromium }]),
  ...(firefoxPath === null ? [] : [{ name: 'Firefox', launch: openFirefox }]),
].filter(({ name }) => name === (process.env.TEST_BROWSER ?? name))

const SIZE = { width: 1280, height: 900 }

async function openChromium(): Promise<Tab> {
  const browser: Browser = await launchChromium('--autoplay-policy=no-user-gesture-required')
  const page: Page = await browser.newPage({ viewport: SIZE })
  let faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('request', (request) => {
    const isOwn = /^(?:http:\/\/127\.0\.0\.1:|data:|blob:|about:|chrome(?:-extension)?:)/.test(
      request.url(),
    )
    if (!isOwn) faults.push(`asked for ${request.url()}`)
  })
  return {
    async open(url) {
      faults = []
      await page.goto('about:blank')
      await page.goto(url)
    },
    run: (action, ...args) => {
      const call = `Promise.resolve((${action})(...${JSON.stringify(args)}))`
      return page.evaluate(call)
    },
    async press(...keys) {
      for (const key of keys) await page.keyboard.press(key === ' ' ? 'Space' : key)
    },
    resize: (width, height) => page.setViewportSize({ width, height }),
    paint: (colours) =>
      page.emulateMedia({
        colorScheme: colours === 'dark' ? 'dark' : 'light',
        forcedColors: colours === 'forced' ? 'active' : 'none',
      }),
    screenshot: () => page.screenshot(),
    faults: () => faults,
    close: () => browser.close(),
  }
}

/** The codes of WebDriver for keys that are no characters. */
const CODES: Record<string, string> = {
  ArrowLeft: '\ue012',
  ArrowUp: '\ue013',
  ArrowRight: '\ue014',
  ArrowDown: '\ue015',
  Enter: '\ue007',
  Escape: '\ue00c',
  Tab: '\ue004',
}

async function openFirefox(): Promise<Tab> {
  const proxy = await refuseAll()
  const firefox = await Firefox.launch({
    // For all but this machine.
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': proxy.port,
    'network.proxy.ssl': '127.0.0.1',
    'network.proxy.ssl_port': proxy.port,
  })
  await firefox.resize(SIZE.width, SIZE.height)
  return {
    async open(url) {
      await firefox.open('about:blank')
      proxy.asked.length = 0
      await firefox.open(url)
    },
    run: (action, ...args) => firefox.run(action, ...args),
    press: (...keys) => firefox.press(...keys.map((key) => CODES[key] ?? key)),
    resize: (width, height) => firefox.resize(width, height),
    async paint(colours) {
      await firefox.prefer('browser.display.document_color_use', colours === 'forced' ? 2 : 0)
      const preference = 'layout.css.prefers-color-scheme.content-override'
      await firefox.prefer(preference, colours === 'dark' ? 0 : 1)
    },
    screenshot: () => firefox.screenshot(),
    faults: () => proxy.asked.map((target) => `asked for ${target}`),
    async close() {
      await firefox.close()
      proxy.close()
    },
  }
}

/** Of Firefox itself, whatever its preferences say. */
const OWN = /^(?:[\w.-]+\.)?(?:mozilla\.(?:com|net|org)|firefox\.com)(?::\d+)?$/

/** A proxy that leads nowhere, and remembers what it was asked for. */
async function refuseAll() {
  const asked: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      const [, target = ''] = data.toString('latin1').split(' ')
      const host = target.replace(/^\w+:\/\//, '').replace(/\/.*/s, '')
      if (!OWN.test(host)) asked.push(target)
      socket.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return { asked, port, close: () => server.close() }
}
