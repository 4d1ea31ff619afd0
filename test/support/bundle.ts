import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * An entry point and all that it imports as one ES module.
 *
 * @param entry from the project's root; it imports byteserve from `dist`
 * @param conditions of package exports, besides esbuild's own for browsers
 */
export async function bundle(entry: string, conditions: string[] = []): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions,
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`Expected a bundle of ${entry}, got nothing`)
  return file.text
}
