import { isTrack, Tracks } from './captions.ts'
import type { Item, Kind } from './item.ts'
import { folderOf, nameOf } from './paths.ts'
import { isSeason, stemOf } from './titles.ts'

/** How many captions and posters are remembered to be matched with what is shown. */
const MAX_BESIDE = 20_000

const ART = /^(?:poster|cover|folder)\.(?:jpe?g|png|webp)$/i

/** Captions and posters, which are shown with the media that they belong to. */
export class Beside {
  readonly #tracks = new Tracks()
  /** By the folder, or by the file's path without its extension. */
  readonly #posters = new Map<string, string>()
  #count = 0

  /** Whether it is no file to be shown by itself. */
  add(kind: Kind, folder: string, path: string, name: string): boolean {
    const isArt = kind === 'picture' && ART.test(name)
    const isSubtitle = isTrack(name)
    const isPoster = kind === 'picture' && /-poster\.\w+$/i.test(name)
    if (!isArt && !isSubtitle && !isPoster) return false
    if (++this.#count > MAX_BESIDE) return true
    if (isSubtitle) this.#tracks.add(path)
    else this.#posters.set(isArt ? `${folder}/` : path.replace(/-poster\.\w+$/i, ''), path)
    return true
  }

  complete(item: Item): Item {
    const folder = folderOf(item.path)
    const poster =
      this.#posters.get(stemOf(item.path)) ??
      this.#posters.get(`${folder}/`) ??
      (isSeason(nameOf(folder)) ? this.#posters.get(`${folderOf(folder)}/`) : undefined)
    return { ...item, poster: poster ?? null, tracks: this.#tracks.of(item.path) }
  }
}
