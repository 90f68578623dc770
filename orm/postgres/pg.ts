// The parts of pg that we touch; declared here, because pg is the driver's dependency and not ours.

export type Release = (destroy?: Error | boolean) => void

/** pg's result of one statement. */
export interface PgResult {
  readonly command?: string
  readonly rowCount?: number | null
  readonly rows: readonly Record<string, unknown>[]
}

/** pg's Connection: the protocol under a Client. */
export interface PgConnection {
  readonly stream: { readonly bytesRead: number; readonly destroyed: boolean; destroy(error?: Error): unknown; cork(): void; uncork(): void }
  on(event: string, listener: (...args: never[]) => void): unknown
  once(event: string, listener: (...args: never[]) => void): unknown
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: unknown): void
  /** Name -> text, of the prepared statements that the server has. */
  readonly parsedStatements: Record<string, string>
  /** The same of those that were sent, and of which it is not known yet. */
  readonly submittedNamedStatements: Record<string, string>
  parse(statement: { readonly name: string; readonly text: string }): void
  bind(what: { readonly statement: string; readonly values: readonly (string | null)[] }): void
  describe(what: { readonly type: 'P'; readonly name: string }): void
  execute(what: object): void
  sync(): void
  close(what: { readonly type: 'S'; readonly name: string }): void
}

/** pg's Client. */
export interface PgClient {
  release: Release
  readonly connection: PgConnection
  readonly connectionParameters: {
    readonly ssl?: unknown
    readonly sslnegotiation?: string
    readonly host: string
    readonly port: number
    readonly password?: unknown
  }
  readonly processID: number | null
  readonly secretKey: unknown
  /** The server has answered everything that was sent. */
  readonly readyForQuery?: boolean
  /** Sends statements without waiting for the answers to those before. */
  pipeline: boolean
  connect(): Promise<unknown>
  end(...args: never[]): Promise<void>
  query(...args: unknown[]): unknown
  getTypeParser(oid: number, format: 'text'): (text: string) => unknown
  getTransactionStatus?(): 'I' | 'T' | 'E' | null
  on(event: 'error', listener: (error: Error) => void): unknown
  once(event: 'end' | 'drain', listener: () => void): unknown
  off(event: 'end' | 'drain', listener: () => void): unknown
}

// oxlint-disable-next-line typescript/no-explicit-any -- a mixin's base class must take any arguments
export type ClientClass = new (...args: any[]) => PgClient

export type ConnectCallback = (error: Error | undefined, client: PgClient | undefined, release: Release) => void

/** pg's Pool. */
export interface PgPool {
  Client: ClientClass
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly ending: boolean
  readonly options: Record<string, unknown> & { max: number; password?: unknown }
  connect(callback?: ConnectCallback): Promise<PgClient>
  end(): Promise<void>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  emit(event: string, ...args: unknown[]): boolean
  /** pg-pool's lists of its connections. It has no other way to say which they are. */
  readonly _idle?: readonly { readonly client: PgClient }[]
  readonly _clients?: readonly PgClient[]
  _remove(client: PgClient): void
}
