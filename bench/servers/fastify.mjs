import fastifyStatic from '@fastify/static'
import fastify from 'fastify'

const app = fastify()
app.register(fastifyStatic, { root: process.argv[2] })
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`PORT=${app.server.address().port}`)
