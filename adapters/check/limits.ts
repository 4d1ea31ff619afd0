/** What one URL may cost its server at most: requests, and MiB. */
export const MAX_REQUESTS = 40
export const MAX_MIB = 4

/** How long a server may be silent, in ms: by default, and at most. */
export const TIMEOUT = 10_000
export const MAX_TIMEOUT = 600_000
