import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../adapters/local/calls.ts'
import type { Credentials } from '../../adapters/s3.ts'
import { Failure, messageOf } from '../failure.ts'

/** Who asks a store, as the environment and the files of AWS's own tools say it. */
export interface Account {
  /** The profile that was asked for; null if none was. */
  readonly profile: string | null
  /** Null for a bucket that everybody may read. */
  readonly credentials: Credentials | null
  /** Where they are from, for a person. */
  readonly origin: string
  readonly region: string | null
  readonly endpoint: string | null
}

type Variable = (name: string) => string | undefined
type Settings = Readonly<Record<string, string>>

/**
 * Reads the environment, and a profile of `~/.aws`: the one that is named, or else `default`. A
 * profile that was named on the command line comes before the environment, as in AWS's own tools.
 *
 * @throws Failure when there is no such profile, or half of a key; no message has a secret in it
 */
export function readAccount(profile: string | null, variable: Variable): Account {
  const name = profile ?? (variable('AWS_PROFILE') || null)
  const settings = readProfile(name ?? 'default', variable)
  if (name !== null && settings === null) {
    throw new Failure(`there is no profile ${name} in the files of ~/.aws`)
  }
  const fromProfile = keyOf(`the profile ${name ?? 'default'}`, [
    settings?.aws_access_key_id,
    settings?.aws_secret_access_key,
    settings?.aws_session_token,
  ])
  const fromEnvironment = keyOf('the environment', [
    variable('AWS_ACCESS_KEY_ID'),
    variable('AWS_SECRET_ACCESS_KEY'),
    variable('AWS_SESSION_TOKEN'),
  ])
  const found = profile === null ? (fromEnvironment ?? fromProfile) : fromProfile
  return {
    profile: name,
    credentials: found?.credentials ?? null,
    origin: found?.origin ?? 'nowhere',
    region: variable('AWS_REGION') || variable('AWS_DEFAULT_REGION') || settings?.region || null,
    endpoint:
      variable('AWS_ENDPOINT_URL_S3') ||
      variable('AWS_ENDPOINT_URL') ||
      settings?.endpoint_url ||
      null,
  }
}

function keyOf(
  origin: string,
  [accessKeyId, secretAccessKey, sessionToken]: readonly (string | undefined)[],
): (Pick<Account, 'origin'> & { readonly credentials: Credentials }) | null {
  if (!accessKeyId && !secretAccessKey) return null
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'secret' : 'id'
    throw new Failure(`the access key of ${origin} has no ${missing}`)
  }
  return {
    origin,
    credentials: { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined },
  }
}

/** What the files say of a profile; null if nothing does. */
function readProfile(name: string, variable: Variable): Settings | null {
  const home = variable('HOME') || variable('USERPROFILE') || null
  const pathOf = (file: string) => (home === null ? null : join(home, '.aws', file))
  const config = readSections(variable('AWS_CONFIG_FILE') || pathOf('config'))
  const keys = readSections(variable('AWS_SHARED_CREDENTIALS_FILE') || pathOf('credentials'))
  const inConfig =
    config.get(`profile ${name}`) ?? (name === 'default' ? config.get(name) : undefined)
  const inKeys = keys.get(name)
  return inConfig || inKeys ? { ...inConfig, ...inKeys } : null
}

/** The sections of an INI file; none if there is no file. What is indented belongs to others. */
function readSections(path: string | null): ReadonlyMap<string, Settings> {
  const sections = new Map<string, Record<string, string>>()
  let section: Record<string, string> = {}
  for (const line of path === null ? [] : readLines(path)) {
    const [, title] = /^\[\s*(.*?)\s*\]/.exec(line) ?? []
    const [, key, value] = /^([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (title !== undefined) {
      section = sections.get(title) ?? {}
      sections.set(title.replace(/\s+/g, ' '), section)
    } else if (key !== undefined && value !== undefined) section[key.toLowerCase()] = value
  }
  return sections
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)
  } catch (error) {
    // Deno: the files were not asked for, and may not be read.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw new Failure(`can't read ${path}: ${messageOf(error)}`)
  }
}
