import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AlreadyRegisteredError, createSqlAssist, DecoratorClashError, EngineNameInvalidError, InvalidOptionsError, SqlAssist } from '../orm/index.ts'
import { assertSameCopy, isContainerMember } from '../orm/validation.ts'
import { rememberAttribute } from './attribute.ts'
import { type PluginSettings, readOptions, type SqlAssistPluginOptions } from './options.ts'
import { assertContextUnambiguous, provideRequestContext } from './request-context.ts'
import { RequestSettings } from './attempts.ts'
import { ClientToken } from './client-token.ts'
import { tellTokens } from './reply-token.ts'
import { RequestContainers } from './request-containers.ts'
import { decorateRequests } from './request-session.ts'
import { endTransactions } from './request-transaction.ts'
import { RouteTransactions } from './route-transactions.ts'
import { checkRoutes } from './route-options.ts'
import { shutDownWithApplication } from './shutdown.ts'

async function sqlassistPlugin(app: FastifyInstance, given: SqlAssistPluginOptions): Promise<void> {
  const settings = readOptions(given)
  const { attribute, requestContext, disposes, closeTimeoutMs } = settings
  assertNotRegistered(app)
  assertAttributeFree(app, attribute)
  const sqlassist = settings.sqlassist ?? (await makeSqlAssist(app, settings))
  const contextEngine = requestContext === false ? undefined : sqlassist.engine(requestContext)
  if (contextEngine !== undefined) assertContextUnambiguous(contextEngine, sqlassist)
  assertContainerFits(sqlassist, settings)
  if (given.cancelOnDisconnect === true) assertStoppable(sqlassist)
  const factory = sqlassist.containers(settings.containers)
  const routes = new RouteTransactions(settings)
  const horizons = sqlassist.$horizons
  const token = horizons && new ClientToken(settings.token)
  const containers = new RequestContainers(settings, factory, (request) => new RequestSettings(request, routes.of(request)), token)
  app.decorate('sqlassist', sqlassist as never)
  checkRoutes(app)
  rememberAttribute(app, attribute)
  decorateRequests(app, attribute, containers)
  endTransactions(app, routes, containers)
  if (token?.carried === true) tellTokens(app, horizons!, token, containers)
  if (contextEngine !== undefined) provideRequestContext(app, contextEngine, (request) => containers.of(request))
  shutDownWithApplication(app, { sqlassist, containers: factory, live: containers.live, disposes, closeTimeoutMs })
}

/** Where nobody has asked for it, what cannot be stopped runs to its end. */
function assertStoppable(sqlassist: SqlAssist): void {
  for (const name of sqlassist.engineNames) {
    const { unstoppable } = sqlassist.engine(name)
    if (unstoppable !== undefined) throw new InvalidOptionsError('cancelOnDisconnect', `cannot be kept: engine '${name}' uses ${unstoppable}, whose statements run to their end. Leave it out, and what can be stopped is`)
  }
}

async function makeSqlAssist(app: FastifyInstance, { engines, discovery, recoveryIntervalMs, sqlComments, closeTimeoutMs, containers, consistency, token: { secret } }: PluginSettings): Promise<SqlAssist> {
  return await createSqlAssist({
    engines: engines!,
    logger: app.log,
    closeTimeoutMs,
    ...(discovery === undefined ? {} : { discovery }),
    ...(recoveryIntervalMs === undefined ? {} : { recoveryIntervalMs }),
    ...(consistency === undefined ? {} : { consistency }),
    ...(secret === undefined ? {} : { consistencyToken: { secret } }),
    ...(sqlComments === undefined ? {} : { sqlComments }),
    ...containers,
  })
}

function assertNotRegistered(app: FastifyInstance): void {
  if (!app.hasDecorator('sqlassist')) return
  const { sqlassist } = app as { sqlassist?: unknown }
  assertSameCopy('The application has its app.sqlassist already, which', sqlassist)
  if (sqlassist instanceof SqlAssist) throw new AlreadyRegisteredError()
  throw new DecoratorClashError('application', 'sqlassist')
}

/** The properties that Fastify's Request sets in its constructor: it would let a decorator hide behind them. */
const REQUEST_PROPERTIES = new Set(['id', 'params', 'raw', 'query', 'log', 'body'])

function assertAttributeFree(app: FastifyInstance, attribute: string): void {
  if (REQUEST_PROPERTIES.has(attribute) || app.hasRequestDecorator(attribute)) throw new DecoratorClashError('request', attribute)
}

/** A ready `sqlassist` was checked against its own container class; this registration may have another one. */
function assertContainerFits(sqlassist: SqlAssist, { containers }: PluginSettings): void {
  const { containerClass } = containers
  if (containerClass === undefined) return
  const hidden = sqlassist.engineNames.find((name) => isContainerMember(containerClass, name))
  if (hidden !== undefined) throw new EngineNameInvalidError(`'${hidden}'`, `request.dbSession has a member '${hidden}' already`)
}

/**
 * Gives every request of the scope `request.dbSession`: a lazy session per engine, cleaned up however the request ends.
 *
 * ```ts
 * await app.register(sqlassist, { engines })
 * app.get('/groups', async (request) => await request.dbSession.reader.find(Group, {}))
 * ```
 *
 * @throws the coded errors of wrong options, names and models, before anything connects
 */
export const sqlassist = fp(sqlassistPlugin, { name: 'fastify-sqlassist', fastify: '5.x' })
