const promising = new WeakSet<object>()
const AsyncFunction = (async () => {}).constructor as FunctionConstructor

/** Notes that a function returns a promise although it is no async function, which would make one more. */
export function returnsPromise<F extends object>(method: F): F {
  promising.add(method)
  return method
}

/** Whether a function returns a promise, so that whoever stands in front of it must reject one, and not throw. */
export const isPromising = (method: object): boolean => method instanceof AsyncFunction || promising.has(method)
