import { CommandLineError, errorCodes } from '../errors.ts'
import { HELP, readCommandLine } from './command-line.ts'
import { reflectCommand, type Terminal } from './reflect-command.ts'
import { tailCommand } from './tail-command.ts'
import { readTailOptions, TAIL_HELP } from './tail-options.ts'

/**
 * The program behind `npx fastify-sqlassist`.
 *
 * @param signal - ends what would go on for ever
 * @returns the exit code: 0, 1 where something went wrong, 2 where the command line is wrong
 */
export async function main(args: readonly string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  try {
    if (args[0] === 'tail') await tail(args.slice(1), terminal, signal)
    else await reflect(args, terminal)
    return 0
  } catch (error) {
    terminal.say(textOf(error))
    return error instanceof CommandLineError ? 2 : 1
  }
}

async function reflect(args: readonly string[], terminal: Terminal): Promise<void> {
  const command = readCommandLine(args)
  if (command === undefined) terminal.out(HELP)
  else await reflectCommand(command, terminal)
}

async function tail(args: readonly string[], terminal: Terminal, signal: AbortSignal | undefined): Promise<void> {
  const command = readTailOptions(args)
  if (command === undefined) terminal.out(TAIL_HELP)
  else await tailCommand(command, terminal, signal)
}

/** Our own errors say all there is to say; of others it may matter where they come from. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && errorCodes.has(code) ? `${error.message} (${code})` : String(error.stack)
}
