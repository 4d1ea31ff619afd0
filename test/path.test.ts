import { describe, expect, it } from 'vitest'
import { expectBase, toRelativePath } from '../adapters/site/url-path.ts'

const HOST = 'http://localhost'

/** Why, the request's path as it stands on the wire, and the file it names. */
const ROWS: [why: string, path: string, file: string | null][] = [
  ['a name', '/film.mp4', 'film.mp4'],
  ['a name further down', '/a/b/c.mp4', 'a/b/c.mp4'],
  ['the query is ignored', '/film.mp4?t=1&u=/../x', 'film.mp4'],
  ['an empty query', '/film.mp4?', 'film.mp4'],
  ['the fragment is ignored', '/film.mp4#t=1', 'film.mp4'],
  ['decoded once', '/a%20b.mp4', 'a b.mp4'],
  ['decoded once', '/100%25.mp4', '100%.mp4'],
  ['decoded once', '/%2561.mp4', '%61.mp4'],
  ['decoded once', '/%252e%252e/x', '%2e%2e/x'],
  ['decoded once', '/a%252fx', 'a%2fx'],
  ['a space as it is', '/a b.mp4', 'a b.mp4'],
  ['+ is literal', '/a+b.mp4', 'a+b.mp4'],
  ['# in a name', '/a%23b.mp4', 'a#b.mp4'],
  ['? in a name', '/a%3fb.mp4', 'a?b.mp4'],
  ['quotes in a name', "/a%22b'c.mp4", 'a"b\'c.mp4'],
  ['a colon in a name', '/C:/x', 'C:/x'],
  ['a semicolon in a name', '/a;b=c', 'a;b=c'],
  ['a tilde in a name', '/~root', '~root'],
  ['NFC', '/%C3%A9.mp4', '\u00e9.mp4'],
  ['NFD, not normalised', '/e%CC%81.mp4', 'e\u0301.mp4'],
  ['Unicode as it is', '/\u00e9.mp4', '\u00e9.mp4'],
  ['beyond the BMP', '/%F0%9F%8E%AC.mp4', '\u{1f3ac}.mp4'],
  ['control characters but NUL', '/a%0Ab%09c%7F', 'a\nb\tc\x7f'],
  ['dots in a name', '/a..b', 'a..b'],
  ['dots behind a name', '/a..', 'a..'],
  ['a dot behind a name', '/a.', 'a.'],

  ['no name', '/', null],
  ['no name', '', null],
  ['no name', '/?x', null],
  ['repeated slashes as one', '//film.mp4', 'film.mp4'],
  ['repeated slashes as one', '/a//film.mp4', 'a/film.mp4'],
  ['repeated slashes as one', '//localhost/film.mp4', 'localhost/film.mp4'],
  ['repeated slashes as one', '/a///', null],
  ['an encoded slash is not one of them', '/a/%2f/film.mp4', null],
  ['a trailing slash', '/film.mp4/', null],
  ['a trailing slash', '/a/b/', null],

  ['dot segments, as the WHATWG resolves them', '/x/../film.mp4', 'film.mp4'],
  ['dot segments', '/./film.mp4', 'film.mp4'],
  ['dot segments', '/../film.mp4', 'film.mp4'],
  ['dot segments', '/../../../etc/passwd', 'etc/passwd'],
  ['dot segments', '/a/../../etc/passwd', 'etc/passwd'],
  ['dot segments, encoded', '/%2e%2e/etc/passwd', 'etc/passwd'],
  ['dot segments, encoded', '/%2E%2e/%2e./.%2E/etc/passwd', 'etc/passwd'],
  ['dot segments that name a directory', '/a/..', null],
  ['dot segments that name a directory', '/a/.', null],
  ['backslashes, as the WHATWG reads them', '/a\\b', 'a/b'],
  ['backslashes', '/..\\..\\etc\\passwd', 'etc/passwd'],
  ['backslashes', '\\\\localhost\\x', 'localhost/x'],

  ['%2f', '/a%2fb', null],
  ['%2F', '/a%2Fb', null],
  ['%2f', '/%2fetc%2fpasswd', null],
  ['%2f', '/..%2f..%2fetc/passwd', null],
  ['%2f', '/%2e%2e%2fetc/passwd', null],
  ['%5c', '/a%5cb', null],
  ['%5C', '/..%5C..%5Cetc%5Cpasswd', null],
  ['%5c', '/%2e%2e%5cetc/passwd', null],
  ['%00', '/film.mp4%00', null],
  ['%00', '/film.mp4%00.txt', null],
  ['%00', '/%00', null],

  ['a bad escape', '/%', null],
  ['a bad escape', '/%4', null],
  ['a bad escape', '/%zz', null],
  ['a bad escape', '/%u0041', null],
  ['a bad escape', '/a/%/b', null],
  ['invalid UTF-8: a lone continuation', '/%80', null],
  ['invalid UTF-8: cut short', '/%C3', null],
  ['invalid UTF-8: overlong /', '/%C0%AF', null],
  ['invalid UTF-8: overlong .', '/%C0%AE%C0%AE/etc/passwd', null],
  ['invalid UTF-8: overlong NUL', '/%C0%80', null],
  ['invalid UTF-8: a surrogate', '/%ED%A0%80', null],
  ['invalid UTF-8: beyond U+10FFFF', '/%F4%90%80%80', null],
  ['invalid UTF-8: no such byte', '/%FF%FE', null],

  ['hidden', '/.env', null],
  ['hidden', '/.git/config', null],
  ['hidden', '/a/.b/c', null],
  ['hidden', '/%2eenv', null],
  ['hidden', '/%2Egit/config', null],
  ['hidden', '/...', null],
  ['hidden', '/.../x', null],
  ['hidden', '/.well-known-not/x', null],
  ['hidden', '/.well-known/.x', null],
  ['hidden', '/.WELL-KNOWN/x', null],
  ['hidden', '/$RECYCLE.BIN/S-1-5-21/$RFQ.mp4', null],
  ['hidden', '/disk/%24Recycle.Bin/x', null],
  ['what only has its name in it is not', '/$RECYCLE.BIN.txt', '$RECYCLE.BIN.txt'],
  ['.well-known is not', '/.well-known/security.txt', '.well-known/security.txt'],
  ['.well-known is not', '/%2ewell-known/x', '.well-known/x'],
  ['a full-width stop is no dot', '/\uff0e\uff0e/x', '\uff0e\uff0e/x'],
  ['a full-width slash is no slash', '/a%EF%BC%8Fx', 'a\uff0fx'],
]

describe('toRelativePath', () => {
  it.each(ROWS)('%s: %j', (_why, path, file) => {
    expect(toRelativePath(HOST + path)).toBe(file)
  })

  // Node 20 and 22 overlook these dot segments, and a router there does, too: it has asked nobody if
  // the client may have `/a/c`.
  it.each([
    ['/a/.b/../c', 'a/c'],
    ['/a/.b/../.c/.././d?x=/../y', 'a/d'],
    ['/a/.b/../../../etc/passwd', 'etc/passwd'],
    ['/a/.b/.%2e/.c/../d', 'a/d'],
  ])('%s is %s, or nothing', (path, file) => {
    const { pathname } = new URL(path, HOST)
    const expected = /\/\.\.?\//.test(pathname) ? null : file
    expect([toRelativePath(path), toRelativePath(HOST + path)]).toEqual([expected, expected])
  })

  it.each(
    ROWS.filter(([, path]) => path.startsWith('/')),
  )('%s: %j, as in a request line', (_why, path, file) => {
    expect(toRelativePath(path)).toBe(file)
  })

  it.each([
    ['no URL', '', null],
    ['no URL', '*', null],
    ['no URL', 'film.mp4', null],
    ['no URL', 'http://', null],
    ['of CONNECT', 'example.com:443', null],
    ['absolute, of another host', 'http://example.com/film.mp4', 'film.mp4'],
    ['absolute, of https', 'https://example.com:8443/film.mp4', 'film.mp4'],
    ['absolute, with a password', 'http://u:p@h/film.mp4', 'film.mp4'],
    ['absolute, of a file', 'file:///etc/passwd', 'etc/passwd'],
  ])('%s: %j', (_why, url, file) => {
    expect(toRelativePath(url)).toBe(file)
  })

  it.each([
    ['below', '/media/', '/media/film.mp4', 'film.mp4'],
    ['further below', '/a/b/', '/a/b/c/d', 'c/d'],
    ['itself', '/media/', '/media/', null],
    ['without its slash', '/media/', '/media', null],
    ['beside it', '/media/', '/film.mp4', null],
    ['of a longer name', '/media/', '/media2/film.mp4', null],
    ['of another case', '/media/', '/Media/film.mp4', null],
    ['into it by dots', '/media/', '/x/../media/film.mp4', 'film.mp4'],
    ['out of it by dots', '/media/', '/media/../film.mp4', null],
    ['out of it by encoded dots', '/media/', '/media/%2e%2e/film.mp4', null],
    ['out of it by an encoded slash', '/media/', '/media/..%2ffilm.mp4', null],
    ['behind two slashes', '/media/', '/media//film.mp4', 'film.mp4'],
    ['below it, with two slashes first', '/media/', '//media/film.mp4', 'film.mp4'],
    ['hidden below it', '/media/', '/media/.env', null],
    ['below a hidden one', '/.media/', '/.media/film.mp4', 'film.mp4'],
  ])('a path %s: base %s, %s', (_where, base, path, file) => {
    expect(toRelativePath(HOST + path, base)).toBe(file)
  })

  it('of every pair of tricky segments never leads above the root', () => {
    const segments = [
      '..',
      '.',
      '',
      '%2e',
      '%2e%2e',
      '.%2e',
      '%2e.',
      '..%2f',
      '..%5c',
      '%2f',
      '\\',
      '..\\',
      '%00',
      '..%00',
      '%2e%2e%2f',
      '%252e%252e',
      '..;',
      '..%20',
      '%20..',
      '..%09',
      'a',
      '.a',
      '...',
      '~',
    ]
    const leaks: string[] = []
    for (const a of segments)
      for (const b of segments)
        for (const c of segments) {
          const path = toRelativePath(`/${a}/${b}/${c}/secret`)
          const names = path === null ? [] : path.split('/')
          const isBad = (name: string) => /^\.|[/\\\0]/.test(name) || name === ''
          if (names.some(isBad)) leaks.push(`/${a}/${b}/${c}/secret`)
        }
    expect(leaks).toEqual([])
  })
})

describe('expectBase', () => {
  it.each(['/', '/media/', '/a/b/', '/.well-known/'])('takes %s', (base) => {
    expect(expectBase(base)).toBe(base)
  })

  it.each([
    ['/my films/', '/my%20films/a.mp4', 'a.mp4'],
    ['/my%20films/', '/my%20films/a.mp4', 'a.mp4'],
    ['/~user/', '/%7Euser/a.mp4', 'a.mp4'],
    ['/filmé/', '/film%c3%a9/a.mp4', 'a.mp4'],
    ["/it's/", '/it%27s/a.mp4', 'a.mp4'],
    ['/media/', '/%6dedia/a.mp4', 'a.mp4'],
    ['/100%/', '/100%25/a.mp4', 'a.mp4'],
    ['/what?/', '/what%3F/a.mp4', 'a.mp4'],
    ['/what?/', '/whatever.mp4', null],
    ['/what??/', '/what%3F%3F/a.mp4', 'a.mp4'],
    ['/C#/', '/C%23/a.mp4', 'a.mp4'],
    ['/C#/', '/Cfoo.mp4', null],
  ])('takes %s as what its spellings mean: %s', (base, url, path) => {
    expect(toRelativePath(url, expectBase(base))).toBe(path)
  })

  it.each(['', 'media', '/media', 'media/', './', 'http://localhost'])('refuses %j', (base) => {
    const message = `Expected base to start and end with '/', got '${base}'`
    expect(() => expectBase(base)).toThrow(new TypeError(message))
  })
})
