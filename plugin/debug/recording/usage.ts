import { onSqlAssistEvent, STATUS } from '../../../orm/index.ts'
import { errorText } from './error-text.ts'
import type { RequestRecord } from './request-record.ts'
import type { Told } from './timeline.ts'

/** Writes down the sessions of a request, and the connections that they took. */
export function recordUsage(told: Told, engines: readonly string[]): (() => void)[] {
  return [
    onSqlAssistEvent('sqlassist:container:open', told((record, { owner }) => {
      if (owner === undefined) return
      record.open.add(owner)
      record.status = Object.fromEntries(engines.map((name) => [name, STATUS.INIT]))
    })),
    onSqlAssistEvent('sqlassist:container:close', told((record, { owner, status }) => {
      if (owner === undefined || !record.open.delete(owner)) return
      if (record.open.size === 0) record.status = { ...status }
    })),
    onSqlAssistEvent('sqlassist:session:open', told((record, { at, engine, session, readonly, autocommit, why }) => {
      record.status[engine] = STATUS.START
      record.add(record.sessions, { engine, session, readonly, autocommit, why, routes: [], openedMs: record.since(at), closedMs: null, managed: null })
    })),
    onSqlAssistEvent('sqlassist:session:route', told((record, { at, session, server, why, asked = null, found = null, waitedMs }) => {
      const routed = record.sessions.find((candidate) => candidate.session === session)
      if (routed !== undefined) record.add(routed.routes, { server, why, asked, found, waitedMs, atMs: record.since(at) })
    })),
    onSqlAssistEvent('sqlassist:session:close', told((record, { at, durationMs, engine, session, managed }) => {
      const opened = record.sessions.find((candidate) => candidate.session === session)
      if (opened !== undefined) Object.assign(opened, { closedMs: record.since(at + durationMs), managed })
      record.entities += managed
      if (record.sessions.every((other) => other.engine !== engine || other.closedMs !== null)) record.status[engine] = STATUS.END
    })),
    onSqlAssistEvent('sqlassist:pool:checkout', told((record, { at, durationMs, engine, session = null, pid = null, pool, error }) => {
      const text = error === undefined ? null : errorText(error)
      record.add(record.connections, { engine, session, pid, waitedMs: durationMs, atMs: record.since(at + durationMs), heldMs: null, destroyed: false, pool, error: text })
    })),
    onSqlAssistEvent('sqlassist:pool:release', told((record, { engine, pid = null, durationMs, destroyed }) => {
      const taken = held(record).findLast((connection) => connection.engine === engine && connection.pid === pid)
      if (taken !== undefined) Object.assign(taken, { heldMs: durationMs, destroyed })
    })),
  ]
}

const held = ({ connections }: RequestRecord): RequestRecord['connections'] => connections.filter(({ heldMs, error }) => heldMs === null && error === null)
