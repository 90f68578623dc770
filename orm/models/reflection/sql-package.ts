import type * as Sql from '@mikro-orm/sql'
import { optionalPeer } from '../../optional-peer.ts'

/** The part of MikroORM that reads the schema of a database. Every SQL driver brings it along; we load it only when it is needed. */
export const sqlPackage = async (): Promise<typeof Sql> =>
  await optionalPeer('@mikro-orm/sql', 'reflection reads databases with it', async () => await import('@mikro-orm/sql'))
