import type { MikroORM } from '@mikro-orm/core'
import { TestServerMissingError } from '../../../orm/errors.ts'
import { applicationPackage } from './application-package.ts'

const DRIVER = '@mikro-orm/postgresql'

/** One connection to a PostgreSQL server, made by the driver that the application has. */
export class ServerSession implements AsyncDisposable {
  readonly #orm: MikroORM

  private constructor(orm: MikroORM) {
    this.#orm = orm
  }

  /** @throws TestServerMissingError where nobody answers there */
  static async open(url: string): Promise<ServerSession> {
    const { MikroORM: Driver, defineConfig } = await driver()
    const options = {
      clientUrl: url,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      pool: { min: 0, max: 1 },
      // Whatever is kept on it ends with it; and nobody who forgets it is kept from ending by it.
      driverOptions: { idleTimeoutMillis: 0, allowExitOnIdle: true, application_name: 'fastify-sqlassist/testing' },
    }
    const session = new ServerSession(new Driver(defineConfig(options)))
    try {
      await session.ask('select 1')
      return session
    } catch (cause) {
      await session[Symbol.asyncDispose]()
      throw new TestServerMissingError(`the one that the URL names cannot be used: ${(cause as Error).message}`, { cause })
    }
  }

  async ask(sql: string): Promise<Record<string, unknown>[]> {
    const connection = this.#orm.driver.getConnection() as unknown as { execute(sql: string): Promise<Record<string, unknown>[]> }
    return await connection.execute(sql)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orm.close(true)
  }
}

interface Driver {
  readonly MikroORM: new (options: object) => MikroORM
  readonly defineConfig: (options: object) => object
}

async function driver(): Promise<Driver> {
  try {
    return (await applicationPackage(DRIVER)) as Driver
    /* c8 ignore next 3 -- the tests have it */
  } catch (cause) {
    throw new TestServerMissingError(`it is reached with ${DRIVER}, which is not installed`, { cause })
  }
}
