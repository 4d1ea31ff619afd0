/** The validators that a target has for one file. */
export interface Version {
  readonly etag: string
  /** As Last-Modified. */
  readonly date: string
}

/**
 * Writes a file's validators in place of what stands for them in a request or an expectation:
 * `{etag}`, `{date}`, the same date in the obsolete forms as `{rfc850}` and `{asctime}`, and the
 * dates a second `{earlier}` and `{later}`.
 */
export function fill(text: string, { etag, date }: Version): string {
  const time = Date.parse(date)
  const values: Record<string, string> = {
    etag,
    date,
    rfc850: rfc850(date),
    asctime: asctime(date),
    earlier: new Date(time - 1000).toUTCString(),
    later: new Date(time + 1000).toUTCString(),
  }
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` of `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function rfc850(date: string): string {
  const [weekday = '', day, month, year = '', time] = date.split(/,? /)
  const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
  const name = days.find((full) => full.startsWith(weekday))
  return `${name}, ${day}-${month}-${year.slice(2)} ${time} GMT`
}

/** `Sun Nov  6 08:49:37 1994` of `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function asctime(date: string): string {
  const [weekday, day = '', month, year, time] = date.split(/,? /)
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`
}
