import type { Engine } from '../../orm/index.ts'
import { guaranteesOf } from '../../orm/engines/guarantees.ts'
import type { Panel } from './panel.ts'

/** What is wrong with the set-up, or may be, in words. */
export function hintsOf({ sqlassist, settings, recorder, attribute, refused }: Panel): string[] {
  const engines = sqlassist.engineNames.map((name) => sqlassist.engine(name))
  const requests = recorder.list()
  return [
    ...engines.flatMap(unseen),
    ...(process.env['NODE_ENV'] === 'production' ? [`NODE_ENV is 'production': statements and their values can be read here by whoever passes the guard.`] : []),
    ...(requests.length >= settings.maxRequests && requests.every(({ sessions }) => sessions.length === 0)
      ? [`None of the last ${requests.length} requests has used request.${attribute}. Statements that are sent in other ways, as on the MikroORM of an engine itself, belong to no request and are not shown.`] : []),
    ...(refused.last === undefined ? [] : [`${refused.count} ${refused.count === 1 ? 'request' : 'requests'} to the panel ${refused.count === 1 ? 'was' : 'were'} refused, the last one because ${refused.last}.`]),
  ]
}

/** Statements of which there are no events. */
function unseen(engine: Engine): string[] {
  if (engine.contextName === undefined) return []
  const guarantees = guaranteesOf(engine.orm.config.get('driverOptions'))
  if (guarantees === undefined) return [`The MikroORM of engine '${engine.name}' was made without sqlAssistConfig('${engine.name}', ...): its statements and connections are not seen.`]
  if (guarantees.readyMade) return [`The connections of engine '${engine.name}' are made by its driverOptions: its statements are not seen.`]
  return guarantees.dialect === 'other' && guarantees.other === undefined ? [`Engine '${engine.name}' has a driver of which nothing is known: its statements are not seen.`] : []
}
