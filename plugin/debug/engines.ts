import type { MikroORM } from '@mikro-orm/core'
import { type Engine, type SqlAssist } from '../../orm/index.ts'
import { type Dialect, dialectOf } from '../../orm/engines/dialect.ts'
import type { EngineRecord } from './types.ts'

/** The dialect of an engine; it has been used already. */
export const dialectNamed = (sqlassist: SqlAssist, name: string): Dialect => dialectOf(sqlassist.engine(name).orm.config.get('driver'))

/** The engines of the application, as the panel describes them. */
export function engineRecords(sqlassist: SqlAssist): EngineRecord[] {
  const stats = sqlassist.stats()
  const standard = sqlassist.engine().name
  return sqlassist.engineNames.map((name) => {
    const engine = sqlassist.engine(name)
    return { name, default: name === standard, readonly: engine.readonly, autocommit: engine.autocommit, ...described(engine), ...stats[name]! }
  })
}

/** With deferred discovery there may be no MikroORM yet, and to look at an engine must not make it. */
function described(engine: Engine): { readonly dialect: string; readonly database: string } {
  if (engine.contextName === undefined) return { dialect: 'not known before its first use', database: '' }
  return { dialect: dialectOf(engine.orm.config.get('driver')), database: databaseOf(engine.orm) }
}

/** `user@host:port/database`, or a path. There is nothing in it that was not put there: no password, no parameters. */
export function databaseOf({ config }: MikroORM): string {
  const url = URL.parse(String(config.get('clientUrl') ?? ''))
  const given = { host: config.get('host'), port: config.get('port'), user: config.get('user'), dbName: config.get('dbName') }
  const dbName = given.dbName ?? decoded(url?.pathname.slice(1) ?? '')
  if (dialectOf(config.get('driver')) === 'sqlite') return dbName
  const host = given.host ?? url?.hostname ?? ''
  const port = given.port ?? url?.port ?? ''
  const user = given.user ?? decoded(url?.username ?? '')
  return `${user === '' ? '' : `${user}@`}${host}${port === '' ? '' : `:${port}`}/${dbName}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
