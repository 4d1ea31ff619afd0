export * from '../support/client.ts'
