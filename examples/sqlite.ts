// Files in a database: node:sqlite is in Node 22.5, Bun 1.4 and Deno 2.9, or later
import { createHash, randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { fileHandler, SourceChangedError } from 'byteserve'
import { type FileTree, site } from 'byteserve/site'

/** How many bytes a row holds: SQLite reads a long BLOB from its beginning. */
const BLOCK = 64 * 1024

/**
 * Opens a database of files. A version of a file is a row of `file`, and its bytes are rows of
 * `block`: so a new version has another `id`, and a read never finds its blocks under the old one.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(`
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS file (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      path TEXT NOT NULL UNIQUE,
      type TEXT NOT NULL,
      size INTEGER NOT NULL,
      etag TEXT NOT NULL,
      modified INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS block (
      file INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
      number INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (file, number)) WITHOUT ROWID`)
  return database
}

/** Puts a file in place, of another one by its path as well: readers see the old or the new one. */
export function putFile(database: DatabaseSync, path: string, type: string, bytes: Uint8Array) {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
  database.exec('BEGIN IMMEDIATE')
  try {
    database.prepare('DELETE FROM file WHERE path = ?').run(path)
    const { lastInsertRowid: id } = database
      .prepare('INSERT INTO file (path, type, size, etag, modified) VALUES (?, ?, ?, ?, ?)')
      .run(path, type, bytes.length, etag, Date.now())
    const insert = database.prepare('INSERT INTO block VALUES (?, ?, ?)')
    for (let start = 0; start < bytes.length; start += BLOCK) {
      insert.run(id, start / BLOCK, bytes.subarray(start, start + BLOCK))
    }
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** The files of a database. */
export function sqliteTree(database: DatabaseSync): FileTree {
  const find = database.prepare('SELECT id, type, size, etag, modified FROM file WHERE path = ?')
  const read = database.prepare('SELECT bytes FROM block WHERE file = ? AND number = ?')
  return {
    open(path) {
      const file = find.get(path)
      if (!file) return null
      const { id, type, size, etag, modified } = file
      return {
        size: Number(size),
        type: String(type),
        etag: String(etag),
        lastModified: new Date(Number(modified)),
        read(start, end) {
          const number = Math.floor(start / BLOCK)
          const bytes = read.get(Number(id), number)?.bytes
          if (!(bytes instanceof Uint8Array)) throw new SourceChangedError(`${path} was replaced`)
          const offset = number * BLOCK
          return bytes.subarray(start - offset, end - offset)
        },
      }
    },
  }
}

const database = openDatabase(':memory:')
putFile(database, 'films/noise.bin', 'application/octet-stream', randomBytes(1_000_000))

export default { fetch: fileHandler(site(sqliteTree(database))) }
