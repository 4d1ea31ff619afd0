import { BOX_HEAD, parseBox } from '../made/mp4/boxes.ts'
import { isFilm } from './film.ts'
import { type Finding, fail, info, pass, unknown } from './finding.ts'
import type { Subject } from './subject.ts'

/** How many boxes are looked at: each may cost a request. */
const MAX_BOXES = 8

/** Whether a player finds the index of an MP4 without first reading the whole film. */
export async function judgeIndex(file: Subject): Promise<Finding> {
  if (!isFilm(file.prefix)) return info('this is no MP4')
  let at = 0
  for (let count = 0; count < MAX_BOXES; count++) {
    const head = await readBoxHead(file, at)
    if (head === null) return unknown(`what is at byte ${at} did not come`)
    const box = parseBox(head, at, Infinity)
    if (box?.type === 'moov') return pass(`the index begins at byte ${at}`)
    if (box?.type === 'mdat') {
      return fail(`the film begins at byte ${at}, before its index`, file.whole)
    }
    if (box === null || box.end === Infinity) break
    at = box.end
  }
  return unknown('its index was not found')
}

async function readBoxHead(file: Subject, at: number): Promise<Buffer | null> {
  const near = file.prefix.subarray(at, at + BOX_HEAD)
  if (near.length === BOX_HEAD) return near
  const { answer } = await file.part(at, at + BOX_HEAD)
  const isThere = answer.status === 206 && answer.body.length === BOX_HEAD
  return isThere ? answer.body : null
}
