import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectProgram } from './installed.ts'
import { eventually } from './wait.ts'

/** Longer than a cold start of it takes on a busy machine, in ms. */
const LAUNCH = 120_000

/** Longer than a page takes to be loaded, or a script to be done, in ms. */
const PATIENT = 60_000

/** A real Firefox of the machine's; null when there is none. */
export const firefoxPath: string | null = expectProgram('firefox-esr', 'firefox')

/**
 * A headless Firefox with a new profile, led by the commands of WebDriver in Marionette's frames: it
 * needs no driver beside it.
 */
export class Firefox {
  readonly #child: ChildProcess
  readonly #socket: Socket
  readonly #profile: string
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #unread = Buffer.alloc(0)
  #count = 0

  private constructor(child: ChildProcess, socket: Socket, profile: string) {
    this.#child = child
    this.#socket = socket
    this.#profile = profile
    socket.on('data', (chunk) => this.#read(chunk))
  }

  static async launch(preferences: Record<string, unknown> = {}): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'byteserve-firefox-'))
    const all = { ...PREFERENCES, 'browser.download.dir': profile, ...preferences }
    const lines = Object.entries(all).map(([name, value]) => {
      return `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
    })
    writeFileSync(join(profile, 'user.js'), lines.join(''))
    // System access: to change preferences while it runs.
    const flags = ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote']
    const args = [...flags, '--profile', profile]
    const child = spawn(firefoxPath ?? '', args, { stdio: 'ignore' })
    try {
      const port = await eventually('the port of Firefox', () => portOf(profile), LAUNCH)
      const firefox = new Firefox(child, connect(port, '127.0.0.1'), profile)
      const capabilities = { alwaysMatch: { unhandledPromptBehavior: 'dismiss' } }
      await firefox.ask('WebDriver:NewSession', { capabilities })
      await firefox.ask('WebDriver:SetTimeouts', { script: PATIENT, pageLoad: PATIENT })
      return firefox
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  open(url: string): Promise<unknown> {
    return this.ask('WebDriver:Navigate', { url })
  }

  /** Runs a function in the page, and waits for what it returns. */
  async run<T, Args extends unknown[]>(
    action: (...args: Args) => T | Promise<T>,
    ...args: Args
  ): Promise<T> {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve().then(() => (${action})(...[...arguments].slice(0, -1)))
        .then((value) => done({ value }), (error) => done({ error: String(error) }))`
    const reply = await this.ask('WebDriver:ExecuteAsyncScript', {
      script,
      args,
      newSandbox: false,
    })
    const { value, error } = reply.value as { value: T; error?: string }
    if (error !== undefined) throw new Error(`Firefox: ${error}`)
    return value
  }

  /** Presses keys, one after the other. */
  async press(...keys: string[]): Promise<void> {
    const actions = keys.flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ])
    await this.ask('WebDriver:PerformActions', {
      actions: [{ type: 'key', id: 'keyboard', actions }],
    })
  }

  async resize(width: number, height: number): Promise<void> {
    await this.ask('WebDriver:SetWindowRect', { width, height })
  }

  /** Changes a preference while it runs. */
  async prefer(name: string, value: number): Promise<void> {
    await this.ask('Marionette:SetContext', { value: 'chrome' })
    await this.ask('WebDriver:ExecuteScript', {
      script: 'Services.prefs.setIntPref(...arguments)',
      args: [name, value],
    })
    await this.ask('Marionette:SetContext', { value: 'content' })
  }

  /** As PNG. */
  async screenshot(): Promise<Buffer> {
    const { value } = await this.ask('WebDriver:TakeScreenshot', { full: false })
    return Buffer.from(String(value), 'base64')
  }

  async close(): Promise<void> {
    this.#socket.destroy()
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await ended
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  /** @throws Error with Firefox's own words */
  ask(command: string, parameters: object = {}): Promise<{ readonly value?: unknown }> {
    const id = ++this.#count
    const text = JSON.stringify([0, id, command, parameters])
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ([, , error, result]) => {
        if (error === null) resolve(result ?? {})
        else reject(new Error(`${command}: ${error.message}`))
      })
    })
  }

  /** A frame is the length of its JSON in bytes, a colon and the JSON. */
  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk])
    for (;;) {
      const colon = this.#unread.indexOf(':')
      const end = colon + 1 + Number(this.#unread.toString('latin1', 0, colon))
      if (colon < 0 || this.#unread.length < end) return
      const frame = JSON.parse(this.#unread.toString('utf8', colon + 1, end))
      this.#unread = this.#unread.subarray(end)
      // The first one is a greeting.
      if (Array.isArray(frame)) this.#waiting.get(frame[1])?.(frame as Reply)
    }
  }
}

/** The port that it listens on, once it does. */
function portOf(profile: string): number | null {
  const file = join(profile, 'MarionetteActivePort')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || null : null
}

type Reply = [type: 1, id: number, error: { message: string } | null, result: { value?: unknown }]

const PREFERENCES = {
  'marionette.port': 0,
  // One process for all pages: each time that a page was left, the next would have to be started.
  'fission.autostart': false,
  'dom.ipc.processCount': 1,
  'dom.ipc.processPrelaunch.enabled': false,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.enabled': false,
  // What `/` opens, where the page leaves it, takes the keys that follow.
  'accessibility.typeaheadfind.manual': false,
  // Where the profile says.
  'browser.download.folderList': 2,
  // Codecs that it would look for in the network.
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-provider.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
}
