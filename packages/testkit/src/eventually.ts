/**
 * Waits for a level: tries `look` until it neither throws nor returns a falsy value, and returns that. On time-out
 * the last failure is thrown.
 */
export async function eventually<T>(
  look: () => Promise<T> | T,
  options: { within?: number; every?: number } = {},
): Promise<NonNullable<T>> {
  const { within = 10_000, every = 25 } = options
  const deadline = Date.now() + within
  for (;;) {
    let failure: unknown
    try {
      const value = await look()
      if (value) return value as NonNullable<T>
      failure = new Error(`still ${JSON.stringify(value)} after ${within} ms`)
    } catch (error) {
      failure = error
    }
    if (Date.now() > deadline) throw failure
    await new Promise(resolve => setTimeout(resolve, every))
  }
}
