const { serveFile } = require('byteserve')

test('serves', async () => {
  const source = { size: 1, read: () => new Uint8Array(1) }
  const { status } = await serveFile(new Request('http://localhost/'), source)
  expect(status).toBe(200)
})
