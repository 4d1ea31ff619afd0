/** As in package.json, which a bundle of the command does not have beside it. */
export const VERSION = '0.1.0'
