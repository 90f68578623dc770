import { ownStatement } from '../events/watch-query.ts'

/**
 * Whether the answer to an INSERT of several rows has one row for each of them, in their order: where rules or triggers come before, a row may be left out, and nobody
 * could tell whose it was.
 */
export const IS_SHAREABLE: string = ownStatement(
  `select c.relkind in ('r', 'p') and not c.relhasrules
    and not exists (select from pg_catalog.pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal and g.tgtype & 4 = 4 and g.tgtype & 66 <> 0) as shareable
    from pg_catalog.pg_class c where c.oid = $1::regclass`,
)
