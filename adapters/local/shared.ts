import { devices } from './devices/devices.ts'
import { Memory } from './memory.ts'
import { OpenFiles } from './pool/open-files.ts'

export { devices }

/** The memory of bodies under way, in this process. */
export const memory: Memory = new Memory()

/** The files that this process has open. */
export const openFiles: OpenFiles = new OpenFiles(memory, devices)
