export * from './support/runtimes.ts'
