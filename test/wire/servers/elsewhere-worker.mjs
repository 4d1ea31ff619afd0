// Files that live elsewhere, in workerd
import { fileHandler } from 'byteserve'
import { options, orFailing, unsettled } from './failing.mjs'
import { lookupOf } from './lookup-elsewhere.mjs'

export default {
  fetch(request, { WHERE }) {
    const place = JSON.parse(WHERE)
    const observers = place.settles === false ? unsettled : options
    return fileHandler(orFailing(lookupOf(place)), observers)(request)
  },
}
