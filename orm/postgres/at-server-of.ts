import type { ClientClass } from './pg.ts'

/**
 * The own role, database and settings, at the address of another server. A replica has the roles of its primary: what this one may not do on
 * its own server it may not do there either.
 */
export function atServerOf(other: Record<string, unknown>, { connectionString, ...own }: Record<string, unknown>, Client: ClientClass): object {
  const { connectionParameters } = new Client({ ...own, connectionString }) // pg takes a connection string apart
  const { host, port, ssl, sslnegotiation } = new Client(other).connectionParameters
  return { ...own, ...connectionParameters, password: connectionParameters.password, host, port, ssl, sslnegotiation }
}
