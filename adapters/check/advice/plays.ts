import { type Advice, BYTESERVE } from './advice.ts'

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

/** What keeps players and viewers from a file. */
export const PLAYS_ADVICE: Readonly<Record<string, Advice>> = {
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
    fix: 'Answer HEAD with the fields of GET, Content-Length included, and without a body, where it is redirected, too; a URL signed for GET only needs one for HEAD',
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
}
