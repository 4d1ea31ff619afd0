import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from './client.ts'
import { freePort } from './ports.ts'
import { type Program, run } from './process.ts'
import { until } from './wait.ts'

/** A cache between clients and an origin. */
export interface CacheServer {
  /** On 127.0.0.1. */
  readonly port: number
  stop(): Promise<void>
}

/**
 * Starts nginx, on a port and in a directory of its own.
 *
 * @param server what its `http` block holds, as docs/cdn.md shows it
 */
export async function startNginx(directory: string, server: string): Promise<CacheServer> {
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  )
  const config = `
    daemon off; master_process off; pid ${directory}/nginx.pid; error_log stderr warn;
    events { worker_connections 1024; }
    http { access_log off; ${temporary.join(' ')}
    ${server.replace('listen 80;', `listen 127.0.0.1:${port};`).replace('/var/cache/nginx', directory)} }`
  writeFileSync(join(directory, 'nginx.conf'), config)
  const args = ['-p', directory, '-c', join(directory, 'nginx.conf')]
  return listening(run('nginx', args), port)
}

/** Starts Varnish with the VCL that docs/cdn.md shows. */
export async function startVarnish(directory: string, vcl: string): Promise<CacheServer> {
  const port = await freePort()
  const path = join(directory, 'default.vcl')
  const work = join(directory, 'work')
  mkdirSync(work)
  writeFileSync(path, vcl)
  const args = ['-F', '-j', 'none', '-n', work, '-f', path, '-s', 'malloc,100m', '-T', 'none']
  return listening(run('varnishd', [...args, '-a', `127.0.0.1:${port}`]), port)
}

/** What a program is once it accepts connections. */
export async function listening(program: Program, port: number): Promise<CacheServer> {
  const stop = () => program.stop('SIGTERM')
  try {
    await until(async () => {
      if (!program.isAlive()) throw new Error(program.stdout() + program.stderr())
      return isListening(port)
    })
    return { port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function isListening(port: number): Promise<boolean> {
  try {
    const connection = await open(port)
    connection.reset()
    return true
  } catch {
    return false
  }
}
