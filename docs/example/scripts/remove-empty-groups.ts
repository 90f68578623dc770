// A job: it has no request, so it opens a container of its own. Run it beside the service, or let the service call it.
import { createSqlAssist, type SqlAssist, type SqlAssistEngines } from 'fastify-sqlassist'
import { defaultFolder } from '../app.ts'
import { enginesIn } from '../engines.ts'
import { AuditLine } from '../entities/audit-line.ts'
import { Group } from '../entities/group.ts'

declare module 'fastify-sqlassist/orm' {
  interface SessionInfo {
    readonly job?: string
  }
}

/** Removes the groups that nobody belongs to. Resolves to how many there were. */
export async function removeEmptyGroups(sqlassist: SqlAssist<SqlAssistEngines>): Promise<number> {
  await using session = sqlassist.session({ info: { job: 'remove-empty-groups' } })
  const { writer, logger } = session
  const empty = await writer.find(Group, { members: { $none: {} } })
  await writer.removeAndFlush(empty)
  await logger.persistAndFlush(new AuditLine(`job ${writer.info.job}`, `${empty.length} removed`))
  return empty.length
}

if (import.meta.main) {
  await using sqlassist = await createSqlAssist({ engines: enginesIn(defaultFolder()) })
  console.log(`${await removeEmptyGroups(sqlassist)} empty groups removed`)
}
