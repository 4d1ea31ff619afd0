import { onAbort } from '../../src/runtime.ts'

/**
 * Gives each of the calls that run at once a signal of its own, aborted with this one while the
 * call runs: Node 20 warns where more than ten listen to one.
 *
 * @returns what makes such a call
 */
export function ownSignals(
  signal: AbortSignal,
): <Value>(call: (own: AbortSignal) => Promise<Value>) => Promise<Value> {
  const running = new Set<AbortController>()
  onAbort(signal, () => {
    for (const controller of running) controller.abort(signal.reason)
  })
  return async (call) => {
    const controller = new AbortController()
    running.add(controller)
    try {
      return await call(controller.signal)
    } finally {
      running.delete(controller)
    }
  }
}
