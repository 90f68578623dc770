import type { FastifyInstance } from 'fastify'

const kAttribute: unique symbol = Symbol('fastify-sqlassist.attribute')

/** Lets others know which property of the request the sessions are at. */
export function rememberAttribute(app: FastifyInstance, attribute: string): void {
  app.decorate(kAttribute, attribute)
}

/** The property of the request that the sessions are at; of a scope with the plugin. */
export const attributeOf = (app: FastifyInstance): string => (app as unknown as { readonly [kAttribute]: string })[kAttribute]
