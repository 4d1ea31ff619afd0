/** The part of a bucket binding that is used; Cloudflare's `R2Bucket` fits. */
export interface R2BucketLike {
  /** The metadata of an object; null if there is none by that key. */
  head(key: string): Promise<R2ObjectLike | null>
  /** An object and its content; without the content when `onlyIf` fails. */
  get(key: string, options?: R2GetOptionsLike): Promise<R2ObjectLike | null>
  /** Keys that begin alike: needed for listings, and for redirects to folders of a listing. */
  list?(options: R2ListOptionsLike): Promise<R2ListedLike>
}

/** What keys are asked for. */
export interface R2ListOptionsLike {
  /** What they begin with. */
  prefix: string
  /** The end of a folder's name; the keys in a folder count as one. */
  delimiter: string
  /** Where the list before this one ended. */
  cursor?: string
}

/** Some of the objects, and the folders among them; and where to go on, if there are more. */
export type R2ListedLike = R2PageLike &
  ({ readonly truncated: true; readonly cursor: string } | { readonly truncated: false })

/** What lies directly under a prefix, or a part of it. */
export interface R2PageLike {
  /** The objects. */
  readonly objects: readonly (Pick<R2ObjectLike, 'size' | 'uploaded'> & {
    readonly key: string
    readonly httpEtag?: string | undefined
  })[]
  /** The folders, with what the keys begin with and the delimiter. */
  readonly delimitedPrefixes: readonly string[]
}

/** The part of an object that is used; Cloudflare's `R2Object` and `R2ObjectBody` fit. */
export interface R2ObjectLike {
  /** Complete length in bytes. */
  readonly size: number
  /** The entity tag without its quotes. */
  readonly etag: string
  /** The entity tag with its quotes. */
  readonly httpEtag: string
  /** When it was uploaded. */
  readonly uploaded: Date
  /** Digests of the whole object. */
  readonly checksums?: R2ChecksumsLike
  /** The header fields that are stored with it. */
  readonly httpMetadata?: R2HttpMetadataLike
  /** Absent if only the metadata was asked for, or a condition failed. */
  readonly body?: ReadableStream<Uint8Array>
}

/** Digests that R2 computed, or was given at the upload. */
export interface R2ChecksumsLike {
  /** Computed by R2 unless the object was uploaded in parts. */
  readonly md5?: ArrayBuffer
  /** If it was given at the upload. */
  readonly sha1?: ArrayBuffer
  /** If it was given at the upload. */
  readonly sha256?: ArrayBuffer
  /** If it was given at the upload. */
  readonly sha512?: ArrayBuffer
}

/** The header fields that are stored with an object. */
export interface R2HttpMetadataLike {
  /** Content-Type. */
  readonly contentType?: string
  /** Content-Language. */
  readonly contentLanguage?: string
  /** Content-Disposition. */
  readonly contentDisposition?: string
  /** Content-Encoding. */
  readonly contentEncoding?: string
  /** Cache-Control. */
  readonly cacheControl?: string
  /** Expires. */
  readonly cacheExpiry?: Date
}

/** What content of an object is asked for. */
export interface R2GetOptionsLike {
  /** The last `suffix` bytes, or `length` bytes from `offset` on, by default up to the end. */
  range?: { offset: number; length?: number } | { suffix: number }
  /** The version that it must be, named by its entity tag without quotes. */
  onlyIf?: { etagMatches: string }
}
