export { type DirectoryTierOptions, directoryTier } from './made/directory-tier.ts'
