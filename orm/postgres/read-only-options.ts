/** Sent with the start-up packet: it holds from the first statement on and costs no round trip. */
const READ_ONLY = '-c default_transaction_read_only=on'

/**
 * Options that make every connection read-only.
 *
 * pg takes `options` from its connection string first, then from its own options, then from the environment; in each the last word holds.
 */
export function readOnlyOptions(user: Record<string, unknown>): Record<string, unknown> {
  const { connectionString, options = process.env['PGOPTIONS'] } = user as { connectionString?: string; options?: string }
  return {
    options: options ? `${options} ${READ_ONLY}` : READ_ONLY,
    ...(connectionString === undefined ? {} : { connectionString: connectionString.replaceAll(/[?&]options=[^&#]*/g, `$&+${READ_ONLY.replace(' ', '+')}`) }),
  }
}
