import * as size from '../../../adapters/site/size.ts'
import * as format from '../format.ts'
import * as dom from './dom.ts'
import * as folders from './folders.ts'
import * as keys from './keys.ts'
import * as letters from './letters.ts'
import * as memory from './memory.ts'
import * as page from './page.ts'
import * as pictures from './pictures.ts'
import * as playable from './playable.ts'
import * as player from './player.ts'
import * as rangeMap from './range-map.ts'
import * as requestRow from './request-row.ts'
import * as resume from './resume.ts'
import * as search from './search.ts'
import * as spans from './spans.ts'
import * as thumbnails from './thumbnails.ts'
import * as tracks from './tracks.ts'
import * as trouble from './trouble.ts'
import * as view from './view.ts'
import * as viewer from './viewer.ts'

const MODULES = [
  format,
  size,
  dom,
  view,
  playable,
  memory,
  resume,
  tracks,
  trouble,
  spans,
  requestRow,
  rangeMap,
  player,
  thumbnails,
  pictures,
  viewer,
  search,
  folders,
  letters,
  keys,
  page,
]

/**
 * The page's script: what these modules export, functions all, which run in the browser from their
 * own source text. They find one another by their names; nothing else of their modules exists
 * there.
 */
export const SCRIPT: string = `${MODULES.flatMap(Object.values).join('\n')}\n${page.startPage.name}()`
