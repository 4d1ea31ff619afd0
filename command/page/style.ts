import { BASE } from './style/base.ts'
import { HEADER } from './style/header.ts'
import { LAYERS } from './style/layers.ts'
import { MAP } from './style/map.ts'
import { SHELF } from './style/shelf.ts'
import { SIZES } from './style/sizes.ts'
import { STAGE } from './style/stage.ts'

/** The page's style: calm, in the system's fonts, and light or dark as the system is. */
export const STYLE: string = [BASE, HEADER, STAGE, MAP, SHELF, LAYERS, SIZES].join('')
