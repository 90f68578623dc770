import { defineConfig } from '@mikro-orm/sqlite'
import { entities } from './entities.ts'
import { SoftDelete } from './soft-delete.ts'

export const configOf = (dbName: string) => defineConfig({ dbName, entities, subscribers: [new SoftDelete()] })
