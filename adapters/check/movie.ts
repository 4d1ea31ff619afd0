import { isFilm } from './film.ts'
import { type Finding, fail, info, pass, unknown } from './finding.ts'
import type { Subject } from './subject.ts'

/** So many boxes are looked at, each of which may cost a request. */
const MAX_BOXES = 8

/** A box's head: a size of 32 bits, a type, and a larger size if that is 1 (ISO 14496-12 §4.2). */
const BOX_HEAD = 16

/** Whether a player finds the index of an MP4 without first reading the whole film. */
export async function judgeIndex(file: Subject): Promise<Finding> {
  if (!isFilm(file.prefix)) return info('this is no MP4')
  let at = 0
  for (let count = 0; count < MAX_BOXES; count++) {
    const head = await readHead(file, at)
    if (head === null) return unknown(`what is at byte ${at} did not come`)
    const type = head.toString('latin1', 4, 8)
    if (type === 'moov') return pass(`the index begins at byte ${at}`)
    if (type === 'mdat') return fail(`the film begins at byte ${at}, before its index`, file.whole)
    const size = head.readUInt32BE(0)
    const length = size === 1 ? Number(head.readBigUInt64BE(8)) : size
    if (length < 8) break
    at += length
  }
  return unknown('its index was not found')
}

async function readHead(file: Subject, at: number): Promise<Buffer | null> {
  const near = file.prefix.subarray(at, at + BOX_HEAD)
  if (near.length === BOX_HEAD) return near
  const { answer } = await file.part(at, at + BOX_HEAD)
  const isThere = answer.status === 206 && answer.body.length === BOX_HEAD
  return isThere ? answer.body : null
}
