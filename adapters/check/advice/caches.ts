import type { Advice, Remedy } from './advice.ts'

const CACHE_FIELDS: Remedy = {
  fix: 'Send the ETag, Cache-Control, Expires and Vary of the 200 on 206 and 304, too',
  fixes: {
    nginx:
      'Set the fields by add_header … always or expires, in the location that serves the file; gzip_vary does not reach a 304: add_header Vary Accept-Encoding always',
    Apache:
      'Header always set, rather than Header set; with mod_deflate, Header merge Vary Accept-Encoding',
  },
}

/** What caches can do nothing with. */
export const CACHES_ADVICE: Readonly<Record<string, Advice>> = {
  'not-modified': {
    consequence:
      'Browsers and networks load the whole file again, though they have it, or go on with an old one.',
    fix: 'Answer If-None-Match and If-Modified-Since of the current version with 304, and with the ETag, Cache-Control and Vary of the 200, and without Content-Length; answer any other tag with 200, whatever the date (RFC 9110 §13.1.3)',
    fixes: {
      nginx: 'etag on; if_modified_since exact; behind proxy_pass, the upstream has to answer',
    },
    faults: { fields: CACHE_FIELDS },
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
        'gzip_types without media, or gzip_static with files compressed beforehand; and add_header Vary Accept-Encoding always',
      Apache: 'DeflateAlterETag AddSuffix, and no-gzip for media',
      Express: 'compression({ filter }) without media, which do not get smaller',
      Cloudflare: 'Cache-Control: no-transform at the origin',
    },
    faults: {
      label: {
        fix: 'Send Content-Encoding only with what was compressed for the way: a .gz that is the file itself has a media type, and none',
        fixes: {
          Apache: 'RemoveEncoding .gz .tgz, and AddType application/gzip .gz .tgz',
          S3: 'Upload without --content-encoding',
        },
      },
      revalidation: {
        fix: 'Answer If-None-Match with the ETag of the compressed variant with 304, if that is current',
        fixes: {
          Apache:
            'RequestHeader edit "If-None-Match" \'^"((.*)-gzip)"$\' \'"$1", "$2"\' (mod_headers), for no 304 knows the tag of mod_deflate; or no-gzip for media',
        },
      },
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
}
