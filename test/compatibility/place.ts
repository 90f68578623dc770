import type { Options } from '@mikro-orm/core'
import { defineEntity, p } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'
import type { Session, TransactionManager } from 'fastify-sqlassist/orm'

// oxlint-disable-next-line typescript/no-explicit-any -- options of any driver
export type Config = Partial<Options<any, any, any>>

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string().unique() } })

/** What is written everywhere. */
export class Note extends NoteSchema.class {
  constructor(text: string) {
    super()
    this.text = text
  }
}
NoteSchema.setClass(Note)

/** A database to try everything on, with a table of notes. */
export interface Place {
  /** A name for an engine, of this place alone. */
  readonly name: string
  /** Options for an engine there; each call is another engine. */
  config(more?: Config): Config
  /** Runs a statement past everything that is tested. */
  run(sql: string): Promise<unknown>
  /** The texts of the notes that are there, past everything that is tested. */
  notes(): Promise<string[]>
  /** Undefined where the database is a part of the process. */
  readonly server?: {
    /** The connections of the engines that are there. */
    connections(): Promise<number>
    /** As an administrator does. */
    killConnections(): Promise<unknown>
    /** Statements that still run on them. */
    running(): Promise<number>
    /** How another process gets there: the driver, and options for it. */
    readonly fromAfar: object
    /** Connections are those of a pooler, which lends them to everybody. */
    readonly pooled: boolean
    /** A statement that runs for a minute. */
    readonly slow: string
  }
}

/** The session of any engine here. */
export type Writer = Session<SqlEntityManager>

/** The sessions of a container whose engines have any names. */
export type Sessions = Record<string, Writer> & AsyncDisposable & { readonly transaction: TransactionManager }
