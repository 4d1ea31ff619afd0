// Files that live elsewhere, in workerd
import { fileHandler } from 'byteserve'
import { options, orFailing } from './failing.mjs'
import { lookupOf } from './lookup-elsewhere.mjs'

export default {
  fetch(request, { WHERE }) {
    return fileHandler(orFailing(lookupOf(JSON.parse(WHERE))), options)(request)
  },
}
