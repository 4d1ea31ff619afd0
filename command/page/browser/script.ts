import { fold, formatSize, formatTime } from '../format.ts'
import { decode, one } from './dom.ts'
import { startKeys } from './keys.ts'
import { startMemory } from './memory.ts'
import { startPage } from './page.ts'
import { startRangeMap } from './range-map.ts'
import { startThumbnails } from './thumbnails.ts'
import { startViewer } from './viewer.ts'

const FUNCTIONS = [
  fold,
  formatSize,
  formatTime,
  decode,
  one,
  startRangeMap,
  startThumbnails,
  startViewer,
  startKeys,
  startMemory,
  startPage,
]

/**
 * The page's script: these functions, which run in the browser from their own source text. They
 * find one another by their names; nothing else of their modules exists there.
 */
export const SCRIPT: string = `${FUNCTIONS.join('\n')}\nstartPage()`
