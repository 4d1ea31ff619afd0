/** Languages by the encoding in which their old captions mostly are. */
const LANGUAGES: Readonly<Record<string, string>> = {
  'windows-874': 'th',
  'windows-1250': 'bs cs hr hu pl ro sk sl',
  'windows-1251': 'be bg kk mk ru uk',
  'windows-1253': 'el',
  'windows-1254': 'az ku tr',
  'windows-1255': 'he',
  'windows-1256': 'ar fa ur',
  'windows-1257': 'et lt lv',
  'windows-1258': 'vi',
  gb18030: 'zh',
  shift_jis: 'ja',
  'euc-kr': 'ko',
}

const BY_LANGUAGE: ReadonlyMap<string, string> = new Map(
  Object.entries(LANGUAGES).flatMap(([encoding, languages]) => {
    return languages.split(' ').map((language) => [language, encoding] as const)
  }),
)

/**
 * In which encoding an old text of a language is most likely, as `TextDecoder` calls it.
 *
 * @param tag of the language; '' for none
 *
 * @example
 * legacyEncoding('ru') // 'windows-1251'
 * legacyEncoding('de') // 'windows-1252'
 */
export function legacyEncoding(tag: string): string {
  if (/^zh-(?:hant|tw|hk|mo)\b/i.test(tag)) return 'big5'
  const [language = ''] = tag.toLowerCase().split('-')
  return BY_LANGUAGE.get(language) ?? 'windows-1252'
}
