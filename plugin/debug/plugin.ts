import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { PanelRegisteredTwiceError, PluginMissingError, SqlAssist } from '../../orm/index.ts'
import { assertSameCopy } from '../../orm/validation.ts'
import { attributeOf } from '../attribute.ts'
import { Analyst } from './analysis/analysed.ts'
import { watchRequests } from './hooks.ts'
import { readDebugOptions, type SqlAssistDebugOptions } from './options.ts'
import { Carefully } from './recording/carefully.ts'
import { Recorder } from './recording/recorder.ts'
import { addScope, kPanel } from './scope.ts'

const kRegistered: unique symbol = Symbol('fastify-sqlassist.debug')

async function sqlassistDebugPlugin(app: FastifyInstance, given: SqlAssistDebugOptions): Promise<void> {
  const { sqlassist } = app as { sqlassist?: SqlAssist }
  assertSameCopy('app.sqlassist', sqlassist)
  if (!(sqlassist instanceof SqlAssist)) throw new PluginMissingError()
  if (app.hasDecorator(kRegistered)) throw new PanelRegisteredTwiceError()
  app.decorate(kRegistered, true)
  const settings = readDebugOptions(given, sqlassist)
  const carefully = new Carefully(app.log)
  const recorder = new Recorder(app, settings, carefully, ({ routeOptions: { config } }) => (config as { [kPanel]?: true } | undefined)?.[kPanel] === true)
  const analyst = new Analyst((engine) => sqlassist.engine(engine).orm)
  app.addHook('onClose', async () => recorder.close())
  watchRequests(app, recorder, settings, carefully)
  addScope({ app, sqlassist, settings, recorder, analyst, attribute: attributeOf(app), refused: { count: 0, last: undefined } })
}

/**
 * The debug panel: what the last requests have asked of their databases, at `/_sqlassist`. Register it after `fastify-sqlassist`, and not in production.
 *
 * ```ts
 * await app.register(sqlassist, { engines })
 * if (process.env['NODE_ENV'] !== 'production') await app.register(sqlassistDebug)
 * ```
 *
 * @throws PluginMissingError, PanelRegisteredTwiceError, PanelInProductionError, InvalidOptionsError, EngineUnknownError
 */
export const sqlassistDebug = fp(sqlassistDebugPlugin, { name: 'fastify-sqlassist-debug', fastify: '5.x' })
