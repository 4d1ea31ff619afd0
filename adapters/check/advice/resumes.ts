import { type Advice, BYTESERVE } from './advice.ts'

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

/** What keeps a download from going on. */
export const RESUMES_ADVICE: Readonly<Record<string, Advice>> = {
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
  rest: {
    consequence:
      'A download that goes on takes what comes for the rest: curl -C - keeps a part of the file, and calls it complete.',
    fix: 'Answer bytes=N- up to the last byte of the file: bodies can be streamed, whatever their length. A chunk size is for reading, not for the answer',
    fixes: {
      nginx: 'Look at what is behind proxy_pass: nginx itself shortens nothing',
      Express: 'res.sendFile rather than a handler with a chunk size, as tutorials have it',
    },
  },
  'past-end': {
    consequence:
      'A download that is complete, and is resumed, cannot be told from one whose file has shrunk: some tools start again, some append what comes to the file.',
    fix: 'Answer 416 with Content-Range: bytes */SIZE and Content-Length: 0 (RFC 9110 §15.5.17)',
    fixes: {
      Apache: 'Its 416 has no Content-Range, and no setting adds it: a server in front of it can',
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
    fix: 'Make the ETag of what is the same on each replica: of size and modification time or of the content, not of an inode or a start time; make Last-Modified the time of the last change, not of the answer, and keep it when deploying (rsync -t)',
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
}
