// On any runtime: what `byteserve/check` says of the URL in its argument, as JSON.
import process from 'node:process'
import { check } from 'byteserve/check'

const report = await check(process.argv[2], { insecure: true, origin: 'https://app.example' })
console.log(JSON.stringify(report))
