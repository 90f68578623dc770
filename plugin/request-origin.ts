import type { RequestOrigin } from '../orm/comments/origin.ts'
import type { SessionInfo } from '../orm/index.ts'

/** Where the work of a request comes from. */
export function originOf({ request }: SessionInfo): RequestOrigin {
  const { routeOptions, headers } = request!
  return { framework: 'fastify', route: routeOptions.url, traceparent: headers['traceparent'] as string | undefined }
}
