export * from './support/miniflare.ts'
