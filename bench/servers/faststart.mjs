// A folder twice: as it is below /plain/, and with each film's index first below /moved/.
import { createServer } from 'node:http'
import { faststartFilms } from '../../dist/adapters/mp4.js'
import { nodeDirectory, nodeListener } from '../../dist/adapters/node.js'

const [, , dir] = process.argv
const plain = nodeListener(nodeDirectory(dir, { base: '/plain/' }))
const moved = nodeListener(nodeDirectory(dir, { base: '/moved/', transform: faststartFilms }))
const server = createServer((incoming, outgoing) => {
  return (incoming.url?.startsWith('/plain/') ? plain : moved)(incoming, outgoing)
})
server.listen(0, '127.0.0.1', () => console.log(`PORT=${server.address().port}`))
