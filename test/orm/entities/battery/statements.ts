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
    return withoutNeedlessTransactions(sent)
  }
}

/** A flush of one statement is its own transaction on our engines: BEGIN and COMMIT around one statement say nothing more. */
function withoutNeedlessTransactions(sent: readonly string[]): string[] {
  return sent.filter((text, at) => !(text === 'begin' && ends(sent[at + 2])) && !(ends(text) && sent[at - 2] === 'begin'))
}

const ends = (text: string | undefined): boolean => text === 'commit' || text === 'rollback'

/** Savepoints are numbered per process; everything else must be the same to the letter. */
function shown({ query, params }: LogContext): string {
  const text = (query ?? '').replaceAll(/\b(savepoint|to) "?trx\w+"?/g, '$1 <name>')
  return params === undefined || params.length === 0 ? text : `${text} -- ${JSON.stringify(params)}`
}
