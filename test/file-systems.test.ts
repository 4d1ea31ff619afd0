import { readFileSync, statfsSync } from 'node:fs'
import process from 'node:process'
import { expect, it } from 'vitest'
import { MountTable } from '../adapters/local/devices/file-systems.ts'

const ROOT = '28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw'
const NET = '40 28 0:50 / /net rw shared:2 master:1 - nfs4 server:/export rw,vers=4.2'

it.each<[what: string, table: string[], stalls: string[], local: string[]]>([
  [
    'a mount covers what is below',
    [ROOT, NET],
    ['/net', '/net/a'],
    ['/', '/a', '/network', '/a/net'],
  ],
  [
    'what is mounted on a mount is not it',
    [ROOT, NET, '41 40 8:1 / /net/disk rw - xfs /dev/sdb rw'],
    ['/net/a'],
    ['/net/disk', '/net/disk/a'],
  ],
  [
    'a mount hides those that were below its place before',
    ['30 28 8:1 / /net/disk rw - xfs /dev/sdb rw', ROOT, NET],
    ['/net/disk/a'],
    ['/a'],
  ],
  [
    'a mount hides those, in whichever order they are told',
    [ROOT, NET, '30 28 8:1 / /net/disk rw - xfs /dev/sdb rw'],
    ['/net/disk/a'],
    ['/a'],
  ],
  [
    'a root that is its own parent, as that of an initramfs, covers nothing',
    ['1 1 0:1 / / rw - rootfs rootfs rw', ROOT, NET],
    ['/net/a'],
    ['/a'],
  ],
  [
    'of two in one place, the second covers the first',
    [ROOT, NET, '41 40 8:1 / /net rw - xfs /dev/sdb rw'],
    [],
    ['/net/a'],
  ],
  [
    'the order of lines says nothing',
    [NET, '22 28 0:20 / /dev rw - devtmpfs udev rw', ROOT],
    ['/net/a'],
    ['/dev/null', '/a'],
  ],
  [
    'a name may have white space, and a type a subtype',
    [ROOT, String.raw`40 28 0:50 / /a\040b\134c rw - fuse.sshfs host: rw`],
    ['/a b\\c/d'],
    ['/a', '/a b'],
  ],
  [
    'what is mounted when it is asked for, and what the kernel makes up, is not local',
    [ROOT, '40 28 0:50 / /auto rw - autofs systemd-1 rw', '41 28 0:51 / /proc rw - proc proc rw'],
    ['/auto/a', '/proc/self/fd/3'],
    ['/a'],
  ],
  ['without a root, as in a chroot, nobody knows', [NET], ['/a', '/net/a'], []],
  ['lines that nobody can read say nothing', ['', 'x', ROOT, '28 28 0:1'], [], ['/a']],
])('%s', (_what, table, stalls, local) => {
  const read = new MountTable(table.join('\n'))
  const paths = [...stalls, ...local]
  expect(paths.filter((path) => read.mayStall(path))).toEqual(stalls)
})

it('what is mounted directly in a directory is told by its name', () => {
  const table = new MountTable(
    [ROOT, NET, String.raw`42 40 8:1 / /net/a\040b rw - xfs x rw`].join('\n'),
  )
  expect(['/', '/net', '/a'].map((at) => [...table.namesIn(at)])).toEqual([['net'], ['a b'], []])
})

it.runIf(process.platform === 'linux')('this machine says the same of a path by its type', () => {
  const read = new MountTable(readFileSync('/proc/self/mountinfo', 'utf8'))
  const isMemory = statfsSync('/dev/shm').type === 0x01021994
  expect(read.mayStall('/dev/shm/file')).toBe(!isMemory)
})
