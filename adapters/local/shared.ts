import { Devices } from './devices/devices.ts'
import { Memory } from './memory.ts'
import { OpenFiles } from './pool/open-files.ts'

/** The memory of bodies under way, in this process. */
export const memory: Memory = new Memory()

/** What is known of this machine's file systems. */
export const devices: Devices = new Devices()

/** The files that this process has open. */
export const openFiles: OpenFiles = new OpenFiles(memory, devices)
