// Every statement of one MikroORM, as it is sent: text and parameters.
import { DefaultLogger, type LogContext, type LoggerOptions } from '@mikro-orm/core'

export class Statements {
  #sent: string[] = []

  /** For MikroORM's `loggerFactory`. MikroORM tells its logger of every query, whether or not `debug` is on. */
  readonly loggerFactory = (options: LoggerOptions): DefaultLogger => {
    const record = (context: LogContext): void => void this.#sent.push(shown(context))
    return new (class extends DefaultLogger {
      override logQuery(context: LogContext): void {
        record(context)
      }
    })(options)
  }

  /** What was sent since the last call. */
  take(): string[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }
}

/** Savepoints are numbered per process; everything else must be the same to the letter. */
function shown({ query, params }: LogContext): string {
  const text = (query ?? '').replaceAll(/\b(savepoint|to) "?trx\w+"?/g, '$1 <name>')
  return params === undefined || params.length === 0 ? text : `${text} -- ${JSON.stringify(params)}`
}
