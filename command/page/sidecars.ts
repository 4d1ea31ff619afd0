import type { Entry } from '../../adapters/site/tree.ts'
import { lastSegment } from '../../adapters/site/url-path.ts'
import { isTrack, Tracks } from './captions.ts'
import type { Item, Kind } from './item.ts'
import { parentOf } from './paths.ts'
import { isSeason, stemOf } from './titles.ts'

/** How many are remembered to be matched with media: more are files like any other. */
const MAX_SIDECARS = 20_000
/** How many possible owners are remembered; with more, no sidecar is taken for an orphan. */
const MAX_OWNERS = 100_000

const ART = /^(?:poster|cover|folder)\.(?:jpe?g|png|webp)$/i
const POSTER = /-poster\.\w+$/i

/** A file below the root. */
export interface Offered {
  readonly kind: Kind
  readonly path: string
  readonly entry: Entry
}

interface Sidecar extends Offered {
  /** What it may belong to: a path without an extension, or that of a folder with a slash. */
  readonly owners: readonly string[]
}

/** Captions and posters, which are shown with the media that they belong to. */
export class Sidecars {
  readonly #all: Sidecar[] = []
  readonly #owners = new Set<string>()
  readonly #tracks = new Tracks()
  /** By their owner. */
  readonly #posters = new Map<string, string>()

  /** Takes note of a file; whether it is a sidecar, which is not shown by itself for now. */
  take(found: Offered): boolean {
    const { kind, path } = found
    if (kind === 'video' || kind === 'audio') {
      this.#addOwners(path)
      return false
    }
    if (this.#all.length === MAX_SIDECARS) return false
    const owners = kind === 'picture' ? this.#addPoster(path) : this.#addTrack(path)
    if (owners.length > 0) this.#all.push({ ...found, owners })
    return owners.length > 0
  }

  /** Those that belong to nothing, once all files were taken note of. */
  orphans(): readonly Offered[] {
    if (this.#owners.size >= MAX_OWNERS) return []
    return this.#all.filter(({ owners }) => !owners.some((owner) => this.#owners.has(owner)))
  }

  complete(item: Item): Item {
    const owner = ownersOf(item.path).find((owner) => this.#posters.has(owner)) ?? ''
    const poster = this.#posters.get(owner) ?? null
    return { ...item, poster, tracks: this.#tracks.of(item.path) }
  }

  /** All folders above it are among them: the art of a series lies above its seasons. */
  #addOwners(path: string): void {
    if (this.#owners.size >= MAX_OWNERS) return
    this.#owners.add(stemOf(path))
    for (let folder = parentOf(path); !this.#owners.has(`${folder}/`); folder = parentOf(folder)) {
      this.#owners.add(`${folder}/`)
    }
  }

  #addPoster(path: string): readonly string[] {
    const isArt = ART.test(lastSegment(path))
    if (!isArt && !POSTER.test(path)) return []
    const owner = isArt ? `${parentOf(path)}/` : path.replace(POSTER, '')
    this.#posters.set(owner, path)
    return [owner]
  }

  #addTrack(path: string): readonly string[] {
    return isTrack(path) ? this.#tracks.add(path) : []
  }
}

/** What sidecars of a medium may be of: itself, its folder, the series whose season that is. */
function ownersOf(path: string): readonly string[] {
  const folder = parentOf(path)
  const own = [stemOf(path), `${folder}/`]
  return isSeason(lastSegment(folder)) ? [...own, `${parentOf(folder)}/`] : own
}
