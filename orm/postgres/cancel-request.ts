import type { PgClient, PgConnection } from './pg.ts'

/**
 * Asks the server to stop what a connection runs. The protocol has a connection of its own for that, which carries nothing else
 * (PostgreSQL's documentation, "Canceling Requests in Progress").
 *
 * @param options - the options of the pool, for how to reach the server
 * @returns when the server has closed that connection: it has told the backend by then, and nothing comes later
 */
export async function sendCancelRequest(client: PgClient, options: Record<string, unknown>): Promise<void> {
  const { processID, secretKey, connectionParameters: { ssl, sslnegotiation, host, port } } = client
  const Connection = client.connection.constructor as new (config: object) => PgConnection
  const connection = new Connection({ stream: options['stream'], ssl, sslNegotiation: sslnegotiation })
  const timer = setTimeout(() => connection.stream.destroy(new Error('the request to cancel got no answer')), CANCEL_TIMEOUT_MS)
  try {
    await new Promise<void>((resolve, reject) => {
      const send = (): void => connection.cancel(processID!, secretKey)
      connection.on('error', reject)
      connection.once('end', resolve)
      if (ssl) connection.once('sslconnect', send)
      connection.once('connect', () => {
        if (!ssl) send()
        else if (sslnegotiation !== 'direct') connection.requestSsl()
      })
      if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
      else connection.connect(port, host)
    })
  } finally {
    clearTimeout(timer)
  }
}

/** How long the server may take to accept the request, in ms. */
const CANCEL_TIMEOUT_MS = 2000
