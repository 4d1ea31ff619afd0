import { Devices } from './devices/devices.ts'
import { readMountTable } from './devices/file-systems.ts'
import { Limiter } from './devices/limiter.ts'
import { Memory } from './memory.ts'
import { OpenFiles } from './pool/open-files.ts'

/** The memory of bodies under way, in this process. */
export const memory: Memory = new Memory()

/** The calls about mounts that may stall, and disks that are slow, of this process. */
export const mounts: Limiter = new Limiter()

/** What is known of this machine's file systems. */
export const devices: Devices = new Devices(readMountTable, mounts)

/** The files that this process has open. */
export const openFiles: OpenFiles = new OpenFiles(memory, devices)
