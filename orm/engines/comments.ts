import type { MikroORM } from '@mikro-orm/core'
import { assertSqlComments, type CompleteCommentOptions, completeSqlComments, type SqlCommentOptions } from '../comments/options.ts'
import { InvalidOptionsError } from '../errors.ts'
import { otherDriverOf } from '../other/driver.ts'
import { dialectOf, driverOf, isReadyMadeKysely } from './dialect.ts'
import { guaranteesOf, READY_MADE } from './guarantees.ts'
import type { EngineOptions } from './options.ts'

/**
 * The comments of one engine.
 *
 * @param general - the option for all engines
 * @throws InvalidOptionsError, also where they are wanted and its statements do not pass us
 */
export function commentsOf(name: string, options: EngineOptions, general: boolean | SqlCommentOptions | undefined): CompleteCommentOptions | undefined {
  const where = `engines.${name}.sqlComments`
  assertSqlComments(where, options.sqlComments)
  const comments = completeSqlComments(options.sqlComments ?? general)
  const obstacle = comments && obstacleTo(options)
  if (obstacle !== undefined) throw new InvalidOptionsError(where, `is not possible, because ${obstacle}`)
  return comments
}

function obstacleTo({ config, orm }: EngineOptions): string | undefined {
  const driver = driverOf({ config, orm })
  if (dialectOf(driver) === 'other' && otherDriverOf(driver) === undefined) {
    return `how ${driver?.name ?? 'its driver'} sends statements is not known: with false this engine goes without; MikroORM's 'onQuery' can change their text`
  }
  const guarantees = orm && guaranteesOf((orm as MikroORM).config.get('driverOptions'))
  if (orm !== undefined && guarantees === undefined) return `its MikroORM was made without sqlAssistConfig(): make it so; with false this engine goes without`
  return isReadyMadeKysely(guarantees?.userDriverOptions ?? config?.driverOptions) ? READY_MADE : undefined
}
