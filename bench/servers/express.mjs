import express from 'express'

const server = express()
  .use(express.static(process.argv[2]))
  .listen(0, '127.0.0.1', () => console.log(`PORT=${server.address().port}`))
