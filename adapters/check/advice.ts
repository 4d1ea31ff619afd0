import type { Fields } from './exchange.ts'

/** A server that is known well enough to say which of its settings to change. */
export type KnownServer = 'nginx' | 'Caddy' | 'Apache' | 'Express' | 'S3' | 'Cloudflare'

/** What a failure means, and what to do about it. */
export interface Advice {
  /** For the people who use the file. */
  readonly consequence: string
  /** For whoever runs the server. */
  readonly fix: string
  /** The same, for a server that is known. */
  readonly fixes?: Readonly<Partial<Record<KnownServer, string>>>
}

/**
 * The server that answers, by what it says of itself. An application is named before the proxy in
 * front of it: it is where files are served.
 */
export function recognize(fields: Fields): KnownServer | null {
  const server = fields.get('server') ?? ''
  const via = fields.get('via') ?? ''
  if (/\bexpress\b/i.test(fields.get('x-powered-by') ?? '')) return 'Express'
  if (/^AmazonS3/i.test(server) || fields.has('x-amz-request-id')) return 'S3'
  if (/^cloudflare/i.test(server) || fields.has('cf-ray')) return 'Cloudflare'
  if (/^(?:nginx|openresty)/i.test(server)) return 'nginx'
  if (/^Apache/i.test(server)) return 'Apache'
  if (/^Caddy/i.test(server) || /\bcaddy\b/i.test(via)) return 'Caddy'
  return null
}

const BYTESERVE =
  'Serve the file with byteserve (nodeListener of byteserve/node) in place of express.static'

/** Without ranges: much has the same cause. */
const NO_RANGES: Pick<Advice, 'fix' | 'fixes'> = {
  fix: 'Serve the file by something that answers Range with 206 and Content-Range, as file servers do',
  fixes: {
    nginx:
      'For a file that comes from an upstream or by an add-on: proxy_force_ranges on; for files of its own, do not set max_ranges 0 and switch gzip, sub_filter and other body filters off for them',
    Caddy:
      'Use file_server for it, without templates or encode; with reverse_proxy, the upstream has to answer ranges',
    Apache: 'Remove MaxRanges none and output filters (mod_deflate, mod_include) for these files',
    Express: `Use res.sendFile or express.static rather than a stream, and no compression() for it. Or: ${BYTESERVE}`,
    Cloudflare:
      'Cloudflare passes on what the origin does: answer with Content-Length and ranges there; a Worker that makes the answer has to answer Range itself (fileHandler of byteserve)',
  },
}

const VALIDATORS: Pick<Advice, 'fix' | 'fixes'> = {
  fix: 'Send a strong ETag ("…" without W/) that changes with the bytes, or Last-Modified',
  fixes: {
    nginx:
      'etag on; and no gzip, sub_filter or add_before_body for these files: they weaken or remove the tag',
    Caddy: 'Use file_server without templates; with reverse_proxy, the upstream has to send them',
    Apache: 'FileETag MTime Size, and no mod_deflate or mod_include for these files',
    Express: `express.static has weak tags; do not switch lastModified off. Or: ${BYTESERVE}`,
  },
}

const IF_RANGE: Pick<Advice, 'fix' | 'fixes'> = {
  fix: 'Compare If-Range with the strong ETag or, exactly, with Last-Modified, before answering a Range (RFC 9110 §13.1.5)',
  fixes: {
    Express: `Its static files compare weakly. ${BYTESERVE}`,
    Apache: 'FileETag MTime Size, so that tags are strong, and no mod_deflate for these files',
  },
}

const CACHE_FIELDS: Pick<Advice, 'fix' | 'fixes'> = {
  fix: 'Send the ETag, Cache-Control, Expires and Vary of the 200 on 206 and 304, too',
  fixes: {
    nginx: 'Set the fields by add_header … always or expires, in the location that serves the file',
    Apache: 'Header always set, rather than Header set',
  },
}

export const ADVICE: Readonly<Record<string, Advice>> = {
  'first-bytes': {
    consequence:
      'Safari and all of iOS ask for these two bytes first, and refuse to play a file of which they get everything.',
    ...NO_RANGES,
  },
  'open-range': {
    consequence:
      'Chrome, Firefox and ffmpeg seek by such a range: the film can only be watched from its beginning.',
    ...NO_RANGES,
  },
  'content-range': {
    consequence:
      'Players learn the size and the place from it: Safari refuses the file, download tools stop, readers of ZIP, PMTiles and Parquet read the wrong bytes.',
    fix: 'Send Content-Range: bytes FIRST-LAST/SIZE with the real size on each 206 (RFC 9110 §14.4)',
    fixes: {
      Cloudflare:
        'The origin has to send Content-Length, and the Worker, if there is one, Content-Range',
    },
  },
  'content-length': {
    consequence:
      'A broken download looks finished, or a finished one broken; players wait for bytes that never come.',
    fix: 'Send as many bytes as announced, and break the connection if they cannot be had; look for a middleware that changes bodies and not Content-Length',
    fixes: {
      nginx: 'Look into error_log: an upstream that ends early, or a full proxy_temp_path',
      Express:
        'Let res.sendFile set Content-Length, and let no middleware change the body afterwards',
    },
  },
  bytes: {
    consequence:
      'After a seek the picture is garbage or playing ends; archives and databases read by parts are corrupt.',
    fix: 'Read from the offset that was asked for; both ends of a range are inclusive',
    fixes: {
      Cloudflare: 'Purge the file from the cache: it may hold parts of different versions',
      nginx:
        'With slice and proxy_cache: put $slice_range into proxy_cache_key, and purge what is cached',
    },
  },
  suffix: {
    consequence:
      'Readers of ZIP, Zarr and Parquet find their index at the end of the file by this: they get something else, or nothing of a small one, and call the file corrupt.',
    fix: 'bytes=-N is the last N bytes, and the whole file if it is shorter (RFC 9110 §14.1.2)',
    fixes: { Express: `Its static files refuse a suffix longer than the file. ${BYTESERVE}` },
  },
  clamped: {
    consequence:
      'Tools that ask for blocks (browsers of maps, link previews, PDF.js) fail at the last one.',
    fix: 'Cut a range at the end of the file, and say so in Content-Range and Content-Length (RFC 9110 §14.1.2)',
  },
  'past-end': {
    consequence:
      'A download that is complete, and is resumed, cannot be told from one whose file has shrunk: some tools start again, some append what comes to the file.',
    fix: 'Answer 416 with Content-Range: bytes */SIZE and Content-Length: 0 (RFC 9110 §15.5.17)',
    fixes: {
      Apache: 'Its 416 has no Content-Range, and no setting adds it: a server in front of it can',
    },
  },
  'accept-ranges': {
    consequence:
      'Firefox, PDF.js and download tools take the server at its word: they do not seek, and load everything.',
    fix: 'Send Accept-Ranges: bytes on each 200, to GET and HEAD',
    fixes: {
      nginx:
        'Behind a proxy_pass: proxy_force_ranges on; otherwise look for max_ranges 0 or a body filter (gzip)',
      Apache: 'Header set Accept-Ranges bytes, and no mod_deflate for these files',
      Express: 'Do not set acceptRanges: false, and no compression() for these files',
    },
  },
  head: {
    consequence: 'Podcast directories, iOS and DuckDB ask by HEAD first, and give up.',
    fix: 'Answer HEAD with the fields of GET, Content-Length included, and without a body; a URL signed for GET only needs one for HEAD',
    fixes: {
      nginx:
        'limit_except and if ($request_method …) must let HEAD pass; proxy_cache_convert_head stays on',
      Express: 'app.get answers HEAD by itself, unless app.head or a middleware does first',
      S3: 'A presigned URL is for one method: sign one for HEAD, or make the object readable',
    },
  },
  redirects: {
    consequence: 'Players that follow get another file, none at all, or refuse to leave https.',
    fix: 'Redirect a request with a Range as one without, to https, and to a place that answers ranges',
  },
  'index-first': {
    consequence:
      'Before the first picture, the player has to look for the index at the end of the file: it starts later, and where ranges fail it loads everything first.',
    fix: 'Move the index to the front, without encoding anew: ffmpeg -i IN.mp4 -c copy -movflags +faststart OUT.mp4',
  },
  type: {
    consequence:
      'Browsers show text or download a file rather than play it, and players refuse it.',
    fix: 'Send the media type of the file, such as Content-Type: video/mp4',
    fixes: {
      nginx: 'include mime.types; and in a types { } block what it lacks, as video/x-matroska mkv',
      Apache: 'AddType video/mp4 .mp4',
      Caddy: '@mkv path *.mkv, and header @mkv Content-Type video/x-matroska',
      Express: "express.static's setHeaders: res.type('video/x-matroska')",
      S3: 'Upload with --content-type video/mp4; for what is there: aws s3 cp to itself with --metadata-directive REPLACE',
    },
  },
  'late-speed': {
    consequence: 'Each seek waits for as long as it takes to read all that comes before it.',
    fix: 'Read from the offset, rather than read from the beginning and discard; a cache in front should keep slices rather than whole files',
    fixes: {
      nginx: 'With proxy_cache: slice 1m; and proxy_set_header Range $slice_range',
      Cloudflare:
        'The first request of a large file waits for the origin: check again once it is cached',
    },
  },
  'known-length': {
    consequence:
      'No download shows how long it takes; Chrome cannot resume it, and networks like CloudFront and Cloudflare do not answer ranges from it.',
    fix: 'Send Content-Length rather than a chunked body; look for a middleware or proxy that compresses or rewrites',
    fixes: {
      nginx:
        'gzip off; sub_filter and SSI off for these files; behind proxy_pass, the upstream has to send it',
      Caddy: 'No encode and no templates for these files',
      Apache: 'SetEnvIf Request_URI "\\.(mp4|zip)$" no-gzip',
      Express: 'res.sendFile rather than stream.pipe(res), and no compression() for these files',
      Cloudflare:
        'A Worker has to use FixedLengthStream (byteserve does); the origin has to send Content-Length',
    },
  },
  validator: {
    consequence:
      'A download that breaks off starts again from nothing: no browser resumes what it cannot recognize.',
    ...VALIDATORS,
  },
  'same-version': {
    consequence:
      'What breaks off starts again from nothing, players and caches load the same bytes again and again.',
    fix: 'Make the ETag of what is the same on each replica: of size and modification time or of the content, not of an inode or a start time; keep times when deploying (rsync -t)',
    fixes: {
      Apache: 'FileETag MTime Size, without INode, and the same times on each machine (rsync -t)',
      nginx: 'The same modification times on each machine (rsync -t)',
      Caddy: 'The same modification times on each machine (rsync -t)',
    },
  },
  'if-range-current': {
    consequence: 'Each download that breaks off starts again from nothing.',
    ...IF_RANGE,
  },
  'if-range-stale': {
    consequence:
      'Two versions of the file are joined: a download that goes on after an update is corrupt, and nobody is told.',
    ...IF_RANGE,
  },
  'if-range-weak': {
    consequence:
      'A weak tag may stand for two versions: they are joined, and the download is corrupt.',
    ...IF_RANGE,
  },
  'if-match': {
    consequence:
      'Tools that read a file by parts cannot pin its version: after an update they mix two.',
    fix: 'Answer 412 if If-Match names another version (RFC 9110 §13.1.1)',
    fixes: { Express: BYTESERVE },
  },
  'not-modified': {
    consequence: 'Browsers and networks load the whole file again, though they have it.',
    fix: 'Answer If-None-Match and If-Modified-Since of the current version with 304, and with the ETag, Cache-Control and Vary of the 200',
    fixes: CACHE_FIELDS.fixes ?? {},
  },
  'part-fields': {
    consequence:
      'Caches do not know how long to keep a part, nor of which version it is: they throw it away, or join it to another.',
    ...CACHE_FIELDS,
  },
  encoding: {
    consequence:
      'Parts of compressed and plain bytes are joined: the file is garbage in some browsers, behind some networks.',
    fix: 'Compress no 206; give a compressed variant an ETag of its own, and Vary: Accept-Encoding',
    fixes: {
      nginx:
        'gzip_vary on; gzip_types without media; or gzip_static with files compressed beforehand',
      Apache: 'DeflateAlterETag AddSuffix, and no-gzip for media',
      Express: 'compression({ filter }) without media, which do not get smaller',
      Cloudflare: 'Cache-Control: no-transform at the origin',
    },
  },
  slices: {
    consequence:
      'Networks that fetch files in slices (Cloudflare, CloudFront, nginx) break off the answer.',
    fix: 'Answer a range with both ends exactly, of any length; shorten open-ended ranges only',
  },
  'cache-control': {
    consequence: 'Browsers guess: for a tenth of its age they show the old file without asking.',
    fix: 'Send Cache-Control: no-cache (keep it, and ask), or max-age=31536000, immutable if its URL changes with it',
    fixes: {
      nginx: 'add_header Cache-Control no-cache always;',
      Caddy: 'header Cache-Control no-cache',
      Apache: 'Header always set Cache-Control no-cache (mod_headers)',
      Express: "express.static(DIR, { setHeaders: (res) => res.set('Cache-Control', 'no-cache') })",
      S3: 'Upload with --cache-control no-cache',
      Cloudflare: 'Send Cache-Control at the origin, or set a Browser Cache TTL',
    },
  },
  'cors-expose': {
    consequence:
      'Pages of another origin (PDF.js, PMTiles, hls.js) cannot read the file, or not where a part begins.',
    fix: 'Send Access-Control-Allow-Origin, and Access-Control-Expose-Headers: Content-Range, Accept-Ranges, ETag, Content-Length on 200 and 206',
    fixes: {
      nginx:
        'add_header Access-Control-Allow-Origin "*" always; add_header Access-Control-Expose-Headers "Content-Range, Accept-Ranges, ETag, Content-Length" always;',
      S3: 'In its CORS rules: "ExposeHeaders": ["Content-Range", "Accept-Ranges", "ETag", "Content-Length"]',
      Express:
        "cors({ exposedHeaders: ['Content-Range', 'Accept-Ranges', 'ETag', 'Content-Length'] })",
    },
  },
  'cors-preflight': {
    consequence:
      'Browsers do not even ask: a Range with several parts or a suffix, and If-Range, need permission.',
    fix: 'Answer OPTIONS with 204, Access-Control-Allow-Origin and Access-Control-Allow-Headers: Range, If-Range',
    fixes: {
      S3: 'In its CORS rules: "AllowedHeaders": ["Range", "If-Range"]',
      Express: "app.use(cors({ allowedHeaders: ['Range', 'If-Range'] })) before the files",
    },
  },
}
