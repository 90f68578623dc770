// All the ways that lead to a COMMIT, some of which do not look like it.
import type { EntityManager } from '@mikro-orm/postgresql'
import { Item } from './item.ts'

export interface Writing {
  readonly id: number
  readonly value: number
  /** Whether the row is a new one. */
  readonly isNew: boolean
}

export const WAYS = ['flush', 'insert', 'transaction', 'begin', 'builder', 'raw', 'function', 'cte', 'asynchronous', 'request'] as const
export type Way = (typeof WAYS)[number]

export async function flush(em: EntityManager, { id, value, isNew }: Writing): Promise<void> {
  if (isNew) em.persist(em.create(Item, { id, value }))
  else (await em.findOneOrFail(Item, id, { connectionType: 'write' })).value = value
  await em.flush()
}

const UPSERT = 'insert into item (id, value) values (?, ?) on conflict (id) do update set value = excluded.value'

export const WRITERS: Readonly<Record<Way, (em: EntityManager, writing: Writing) => Promise<unknown>>> = {
  flush,
  // The transaction is the route's.
  request: flush,
  insert: async (em, { id, value, isNew }) => (isNew ? await em.insert(Item, { id, value }) : await em.nativeUpdate(Item, { id }, { value })),
  transaction: async (em, writing) => await em.transactional(async (em) => await flush(em, writing)),
  async begin(em, { id, value }) {
    await em.begin()
    await em.execute(UPSERT, [id, value])
    await em.commit()
  },
  builder: async (em, { id, value }) => await em.createQueryBuilder(Item).insert({ id, value }).onConflict('id').merge(['value']).execute(),
  raw: async (em, { id, value }) => await em.execute(UPSERT, [id, value]),
  // Writes that begin like reads.
  function: async (em, { id, value }) => await em.execute('select save_item(?, ?)', [id, value]),
  cte: async (em, { id, value }) => await em.execute(`with saved as (${UPSERT} returning id) select id from saved`, [id, value]),
  // Its COMMIT is answered before it is on the disk.
  asynchronous: async (em, { id, value }) => await em.transactional(async (em) => {
    await em.execute('set local synchronous_commit = off')
    await em.execute(UPSERT, [id, value])
  }),
}
