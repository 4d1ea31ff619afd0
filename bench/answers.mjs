// What the peers answer to five requests that players, resumed downloads and readers of archives
// send, and what they send of a file that changes meanwhile; of that, README's table is the part about
// a file that is rewritten. node bench/answers.mjs, after npm run build and npm ci in bench/
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { scratch } from './proc.mjs'
import { servers, versions } from './servers.mjs'

const ASKED = ['fetch', 'direct', 'send', 'sirv', 'fastify', 'hono', 'remix', 'bun-bare', 'nginx']
/** More than what the sockets between hold, so that a server reads on after the change. */
const LARGE = 256 * 1024 * 1024
const PATIENCE = 5000

const home = scratch('answers')

const rows = []
for (const name of ASKED) {
  const server = servers.find((one) => one.name === name)
  rows.push([server.title, await answersOf(server)])
}
const questions = Object.keys(rows[0][1])
console.log(`| | ${questions.join(' | ')} |\n|---${'|---'.repeat(questions.length)}|`)
for (const [title, answers] of rows)
  console.log(`| ${title} | ${Object.values(answers).join(' | ')} |`)
console.log(JSON.stringify(versions()))
process.exit()

async function answersOf(server) {
  const dir = join(home, server.name, 'files')
  mkdirSync(dir, { recursive: true })
  put(dir, 'tiny.mp4', Buffer.from('abc'))
  const ask = async (...fields) => {
    const running = await server.start(dir)
    const reply = await exchange(running.port, ['GET /tiny.mp4 HTTP/1.1', ...fields])
    await running.stop()
    return reply
  }
  const before = await ask()
  const validator = before.fields.etag ?? before.fields['last-modified']
  const answers = {
    '`-2` of 3 bytes': short(await ask('Range: bytes=-2')),
    '`-5` of 3 bytes': short(await ask('Range: bytes=-5')),
    '`5-2`': short(await ask('Range: bytes=5-2')),
    '`0-0,2-2`': short(await ask('Range: bytes=0-0,2-2')),
  }
  put(dir, 'tiny.mp4', Buffer.from('xyz'), 2000)
  answers['`1-`, If-Range of an old version'] =
    validator === undefined
      ? 'no validator'
      : short(await ask('Range: bytes=1-', `If-Range: ${validator}`))
  answers['replaced under way'] = await changed(server, dir, (path) => {
    put(dir, 'next', Buffer.alloc(LARGE, 'b'), 3000)
    renameSync(join(dir, 'next'), path)
  })
  answers['rewritten under way'] = await changed(server, dir, (path) => {
    writeFileSync(path, Buffer.alloc(LARGE, 'b'))
  })
  return answers
}

/** What a client gets of a file that changes while it is sent. */
async function changed(server, dir, change) {
  put(dir, 'large.mp4', Buffer.alloc(LARGE, 'a'))
  const running = await server.start(dir)
  const path = join(dir, 'large.mp4')
  const lines = ['GET /large.mp4 HTTP/1.1']
  const { received, expected } = await exchange(running.port, lines, async () => change(path))
  await running.stop()
  rmSync(join(dir, 'large.mp4'))
  const old = received.a ?? 0
  const other = received.b ?? 0
  if (other > 0 && old > 0) return '**a mix of both**'
  if (old + other < expected) return 'cut'
  return other > 0 ? 'the new one' : 'the old one, whole'
}

function put(dir, name, bytes, seconds = 1000) {
  writeFileSync(join(dir, name), bytes)
  utimesSync(join(dir, name), seconds, seconds)
}

function short({ status, fields, body }) {
  if (status === undefined) return '**no answer**'
  const range = fields['content-range']
  if (fields['content-type']?.startsWith('multipart/')) return `${status}, both`
  if (status === 206) return `206 \`${range?.replace('bytes ', '')}\``
  return `${status}${status === 200 && body !== 'abc' && body !== 'xyz' ? `, \`${body}\`` : ''}`
}

/** One request on a connection of its own, to its end or until nothing more comes. */
function exchange(port, lines, afterFirst) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let text = ''
    let head = null
    let length = 0
    const received = {}
    const end = () => {
      socket.destroy()
      const [first = '', ...others] = (head ?? '').split('\r\n')
      const fields = Object.fromEntries(
        others.map((line) => [line.split(':')[0].toLowerCase(), line.slice(line.indexOf(':') + 2)]),
      )
      const status = Number(first.split(' ')[1]) || undefined
      resolve({ status, fields, body: text, received, expected: Number(fields['content-length']) })
    }
    socket.setTimeout(PATIENCE, end)
    socket.on('error', end)
    socket.on('close', end)
    socket.on('data', async (chunk) => {
      let bytes = chunk
      if (head === null) {
        const at = chunk.indexOf('\r\n\r\n')
        head = chunk.subarray(0, at).toString('latin1')
        bytes = chunk.subarray(at + 4)
        if (afterFirst !== undefined) {
          socket.pause()
          setTimeout(() => afterFirst().then(() => socket.resume()), 500)
        }
      }
      length += bytes.length
      if (afterFirst === undefined) text += bytes.toString('latin1')
      for (const letter of ['a', 'b']) {
        if (bytes.length > 0 && (bytes[0] === letter.charCodeAt(0) || bytes.includes(letter))) {
          received[letter] = (received[letter] ?? 0) + bytes.length
        }
      }
      const announced = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
      if (announced !== undefined && length >= Number(announced)) end()
    })
    socket.write(`${[...lines, 'Host: localhost', 'Connection: close'].join('\r\n')}\r\n\r\n`)
  })
}
