/** Where the work of a request comes from, as comments in its SQL say it. */
export interface RequestOrigin {
  /** What serves the request: `fastify`. */
  readonly framework: string
  /** The route's own URL, `/groups/:id`, and never the one that was asked for; undefined where no route was found. */
  readonly route: string | undefined
  /** The header of that name, as it came. */
  readonly traceparent: string | undefined
}
