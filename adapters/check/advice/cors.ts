import type { Advice } from './advice.ts'

/** What keeps pages of another origin out. */
export const CORS_ADVICE: Readonly<Record<string, Advice>> = {
  'cors-expose': {
    consequence:
      'Pages of another origin (PDF.js, PMTiles, hls.js) cannot read the file, or not where a part begins.',
    fix: 'Send Access-Control-Allow-Origin, and Access-Control-Expose-Headers: Content-Range, Accept-Ranges, ETag, Content-Length on 200 and 206; redirects need the first, too',
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
    fix: 'Answer OPTIONS with 204, whoever asks and without a redirect, with Access-Control-Allow-Origin and Access-Control-Allow-Headers: Range, If-Range and what else the page sends',
    fixes: {
      S3: 'In its CORS rules: "AllowedHeaders": ["Range", "If-Range"]',
      Express: "app.use(cors({ allowedHeaders: ['Range', 'If-Range'] })) before the files",
    },
  },
}
