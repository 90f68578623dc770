// When a server that is being promoted accepts its first write, seen at its own port on a connection that was open before.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export class Prober {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async connect(url: string): Promise<Prober> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return new Prober(client)
  }

  /** Resolves to the moment, of `performance.now()`. */
  async accepted(): Promise<number> {
    for (;;) {
      try {
        await this.#client.query('insert into item values (-1, 0)')
        const accepted = performance.now()
        await this.#client.end()
        return accepted
      } catch (error) {
        if ((error as { code?: string }).code !== '25006') throw error
        await sleep(1)
      }
    }
  }
}
