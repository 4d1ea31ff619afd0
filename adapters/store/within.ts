/** What is waited for, or null when it takes longer; `giveUp` is called then. */
export function within<T>(ms: number, awaited: Promise<T>, giveUp: () => void): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      giveUp()
      resolve(null)
    }, ms)
    awaited.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}
