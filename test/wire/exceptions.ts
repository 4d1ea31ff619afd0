import { FILM } from './fixtures.ts'
import { type Expected, part, whole } from './table.ts'
import type { TargetName } from './targets.ts'

/**
 * Where a runtime forces another answer: on which rows, in which fields, and why. Each is asserted
 * in its turn: one that no longer occurs is a failure.
 */
export interface Exception {
  /** What docs/runtimes call it. */
  readonly id: string
  readonly targets: readonly TargetName[]
  /** Ids of rows. */
  readonly rows: readonly string[]
  /** What differs: `status`, `body`, `next` or the name of a header field. */
  readonly fields: readonly string[]
  readonly because: string
  readonly change: (expected: Expected) => Expected
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    id: 'bun-chunked',
    targets: ['bun', 'bun-stable'],
    rows: [
      'an-ignored-range/an-invalid-set-on-3-mib',
      'an-ignored-range/another-unit-on-3-mib',
      'several-ranges/of-3-mib-1-5-mb-in-all',
      'several-ranges/more-than-3-mib',
      'if-range/stale-if-range-on-3-mib',
    ],
    fields: ['content-length', 'transfer-encoding'],
    because:
      'Bun drops Content-Length from every stream; above 1 MiB, a 200 to a request that carries ' +
      'Range and a multipart body are streams',
    change: chunked,
  },
  {
    id: 'bun-stable-chunked',
    targets: ['bun-stable'],
    rows: [
      'the-whole-file/a-file-of-3-mib',
      'the-whole-file/a-file-of-1048577-bytes',
      'the-whole-file/an-archive',
      'the-whole-file/a-scene',
      'a-range/a-long-range-of-an-archive',
      'a-range/all-of-3-mib-as-a-part',
      'a-range/all-but-the-ends-of-3-mib',
      'a-range/the-end-of-3-mib',
      'a-range/1048577-bytes-from-inside',
      'a-range/the-last-1048577-bytes',
      'an-ignored-range/an-invalid-set-on-an-archive',
      'if-range/if-range-on-3-mib',
    ],
    fields: ['content-length', 'transfer-encoding'],
    because: 'with stable, every body above 1 MiB is a stream, and Bun drops its Content-Length',
    change: chunked,
  },
  {
    id: 'bun-chunked-head',
    targets: ['bun', 'bun-stable'],
    rows: ['an-answer/head-of-a-stream-says-no-length'],
    fields: ['transfer-encoding'],
    because: 'Bun names the transfer coding in the answer to a HEAD, too, where there is no length',
    change: chunked,
  },
  {
    id: 'bun-answer-type',
    targets: ['bun', 'bun-stable'],
    rows: ['an-answer/a-text-without-a-type'],
    fields: ['content-type'],
    because: 'Bun adds a Content-Type to a body that is an array',
    change: (expected) => ({
      ...expected,
      headers: { ...expected.headers, 'content-type': 'application/octet-stream' },
    }),
  },
  {
    id: 'bun-inline',
    targets: ['bun'],
    rows: [
      'the-whole-file/an-archive',
      'the-whole-file/a-scene',
      'a-range/a-range-of-an-archive',
      'a-range/a-long-range-of-an-archive',
      'several-ranges/of-an-archive',
      'head/head-of-archive-zip',
    ],
    fields: ['content-disposition'],
    because:
      "Bun adds Content-Disposition with the file's name on the server to a file's body that is " +
      'no medium, unless there is one',
    change: inline,
  },
  {
    id: 'bun-inline-chunked',
    targets: ['bun'],
    rows: ['an-ignored-range/an-invalid-set-on-an-archive'],
    fields: ['content-disposition', 'content-length', 'transfer-encoding'],
    because: 'both of the above',
    change: (expected) => inline(chunked(expected)),
  },
  {
    id: 'workerd-target',
    targets: ['workerd'],
    rows: ['a-name/an-absolute-form-target', 'a-name/an-absolute-form-target-of-another-host'],
    fields: [
      ...['status', 'body', 'next', 'accept-ranges', 'content-length', 'content-type', 'etag'],
      ...['cache-control', 'last-modified', 'x-content-type-options'],
    ],
    because: 'workerd takes no absolute-form target',
    change: () => ({
      status: 500,
      headers: { 'content-length': '21' },
      body: 'Internal Server Error',
      closes: true,
    }),
  },
  {
    id: 'workerd-empty-condition',
    targets: ['workerd'],
    rows: ['if-range/13-1-5-stale-if-range~2'],
    fields: ['status', 'body', 'content-length', 'content-range'],
    because: 'workerd drops a field whose value is empty',
    change: () => part(FILM, 0, 9),
  },
  {
    id: 'workerd-empty-tag',
    targets: ['workerd'],
    rows: ['a-precondition/13-1-1-no-list-of-entity-tags-if-match'],
    fields: [
      'status',
      'body',
      'accept-ranges',
      'cache-control',
      'content-length',
      'content-type',
      'etag',
      'last-modified',
      'x-content-type-options',
    ],
    because: 'workerd drops a field whose value is empty',
    change: () => whole(FILM),
  },
  {
    id: 'workerd-keeps-open',
    targets: ['workerd'],
    rows: [
      'a-connection/connection-close',
      'a-connection/connection-close-and-a-failure',
      'a-connection/http-1-0',
    ],
    fields: ['next'],
    because: 'workerd keeps every connection open',
    change: ({ status, headers, body }) => ({ status, headers, body }),
  },
  {
    id: 'workerd-host',
    targets: ['workerd'],
    rows: ['a-connection/http-1-0-without-host'],
    fields: [
      ...['status', 'body', 'next', 'accept-ranges', 'content-length', 'content-type', 'etag'],
      ...['cache-control', 'content-range', 'last-modified', 'x-content-type-options'],
    ],
    because: 'workerd wants a Host even of HTTP/1.0, and keeps the connection open',
    change: () => ({ status: 400, headers: { 'content-length': '11' }, body: 'Bad Request' }),
  },
  {
    id: 'workerd-host-head',
    targets: ['workerd'],
    rows: ['a-connection/head-of-http-1-0-without-host'],
    fields: [
      ...['status', 'next', 'accept-ranges', 'content-length', 'content-type', 'etag'],
      ...['cache-control', 'last-modified', 'x-content-type-options'],
    ],
    because: 'workerd wants a Host even of HTTP/1.0, and keeps the connection open',
    change: () => ({ status: 400, headers: { 'content-length': '11' }, body: '' }),
  },
  {
    id: 'workerd-body',
    targets: ['workerd'],
    rows: ['a-connection/a-get-with-a-body'],
    fields: ['next'],
    because: 'workerd ends the connection rather than read a body that the Worker left',
    change: (expected) => ({ ...expected, closes: true }),
  },
]

/** Of a stream on Bun. */
function chunked(expected: Expected): Expected {
  const { 'content-length': _, ...headers } = expected.headers
  return { ...expected, headers: { ...headers, 'transfer-encoding': 'chunked' } }
}

function inline(expected: Expected): Expected {
  return { ...expected, headers: { ...expected.headers, 'content-disposition': 'inline' } }
}
