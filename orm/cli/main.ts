import { CommandLineError, errorCodes } from '../errors.ts'
import { HELP, readCommandLine } from './command-line.ts'
import { reflectCommand, type Terminal } from './reflect-command.ts'

/**
 * The program behind `npx fastify-sqlassist`.
 *
 * @returns the exit code: 0, 1 where something went wrong, 2 where the command line is wrong
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const command = readCommandLine(args)
    if (command === undefined) terminal.out(HELP)
    else await reflectCommand(command, terminal)
    return 0
  } catch (error) {
    terminal.say(textOf(error))
    return error instanceof CommandLineError ? 2 : 1
  }
}

/** Our own errors say all there is to say; of others it may matter where they come from. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && errorCodes.has(code) ? `${error.message} (${code})` : String(error.stack)
}
