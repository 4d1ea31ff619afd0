export * from './support/start.ts'
