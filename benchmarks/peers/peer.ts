import type { FastifyInstance, FastifyRequest } from 'fastify'

/** What a peer is asked to use. */
export interface Setting {
  readonly database: 'postgresql' | 'sqlite'
  /** Of PostgreSQL, or a file. */
  readonly url: string
  /** Connections of a pool. */
  readonly pool: number
  /** Engines, or MikroORMs, of which only the first is used. */
  readonly engines: number
  /** Another way to do the same, if the peer has several. */
  readonly way?: string
  /** Of the engine, where the peer is this package. */
  readonly options?: object
}

export interface Book {
  readonly id: number
  readonly title: string
  readonly pages: number
  readonly published?: Date
}

/** How an application does things with a library, as the library's own documentation recommends it. */
export interface Peer {
  /** One book by its key. */
  read?(id: number, request: FastifyRequest): Promise<object | null | undefined>
  /** Some books, one after the other; left out where that is `read` ten times. */
  readTen?(ids: readonly number[], request: FastifyRequest): Promise<readonly (object | null | undefined)[]>
  /** One new note, durable when it answers. */
  write?(text: string, request: FastifyRequest): Promise<{ readonly id: number }>
  /** In one transaction: reads a book, and gives it a page more. */
  change?(id: number, request: FastifyRequest): Promise<{ readonly id: number }>
  /** Of the route that does it. */
  readonly changeConfig?: object
}

export interface PeerModule {
  default(app: FastifyInstance, setting: Setting): Promise<Peer>
}

/** A peer and what it is asked to use, for a process that serves it. */
export interface Lane {
  /** A file in peers/. */
  readonly peer: string
  readonly setting: Setting
}
