// Bun's own ways to serve files: `file`, `route` or `directory`, and the directory that they are in.
const [, , kind, root] = process.argv
const missing = () => new Response(null, { status: 404 })
const options = {
  file: { fetch: ({ url }) => new Response(Bun.file(root + new URL(url).pathname)) },
  route: { routes: { '/film.mp4': new Response(Bun.file(`${root}/film.mp4`)) }, fetch: missing },
  directory: { routes: { '/*': { dir: root } }, fetch: missing },
}
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, ...options[kind] })
console.log(`PORT=${server.port}`)
process.stdin.on('close', () => process.exit()).resume()
