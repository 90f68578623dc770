import type { ServerConnection } from '../wire/server-connection.ts'

/** Settings of a connection that are not what the server gives to everybody, by name. */
export type Settings = ReadonlyMap<string, string>

/** Whatever somebody has SET; the role is a setting too, and is not listed with the others. */
const CURRENT = `select lower(name), setting from pg_settings where source = 'session' and name not like 'transaction\\_%' union all select 'role', current_setting('role')`

/** @param invented - names of the application's own settings, which the server does not list */
export async function currentSettings(server: ServerConnection, invented: ReadonlySet<string>): Promise<Settings> {
  const others = [...invented].map((name) => ` union all select ${literal(name)}, current_setting(${literal(name)}, true)`).join('')
  const rows = await server.rows(CURRENT + others)
  return new Map(rows.filter(([, value]) => value !== null) as [string, string][])
}

/** What may be the name of an application's own setting, in a statement or its parameters: it has a dot in it. */
export function inventedSettings(bytes: Buffer): string[] {
  return (bytes.toString('latin1').match(/[a-z_][\w$]*(?:\.[a-z_][\w$]*)+/gi) ?? []).map((name) => name.toLowerCase())
}

/** Statements that lead from one connection's settings to another's. */
export function settingsSwitch(from: Settings, to: Settings): string {
  if (from === to) return ''
  const changed = [...new Set([...from.keys(), ...to.keys()])].filter((name) => from.get(name) !== to.get(name))
  return changed.map((name) => (to.has(name) ? `select set_config(${literal(name)}, ${literal(to.get(name)!)}, true);` : `set local ${quoted(name)} to default;`)).join('')
}

// A list, such as a search path, is one setting with commas in it: `set ... to` would take it for one name.
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`

const quoted = (name: string): string => name.split('.').map((part) => `"${part.replaceAll('"', '""')}"`).join('.')

/** The words of `options`, in which a blank or a backslash has a backslash before it. */
const WORD = /(?:\\.|[^\s\\])+/g

/** What a connection asks for as it begins: `options` is a command line for the server, with `-c name=value` or `--name=value`. */
export function startSettings(parameters: Settings): Settings {
  const settings = new Map<string, string>()
  const words = parameters.get('options')?.match(WORD)?.map((word) => word.replaceAll(/\\(.)/gs, '$1')) ?? []
  for (const [index, word] of words.entries()) {
    const given = word === '-c' ? undefined : word.startsWith('-c') ? word.slice(2) : word.startsWith('--') ? word.slice(2) : words[index - 1] === '-c' ? word : undefined
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(given ?? '') ?? []
    if (name !== undefined) settings.set(name.replaceAll('-', '_').toLowerCase(), value!)
  }
  for (const [name, value] of parameters) if (!NOT_SETTINGS.has(name)) settings.set(name.toLowerCase(), value)
  return settings
}

/** Who connects, and where to; limits that would end the test's transaction; and the application's name, so that the connection is found on the server as the test's. */
const NOT_SETTINGS: ReadonlySet<string> = new Set(['user', 'database', 'options', 'replication', 'application_name', 'client_encoding', 'idle_in_transaction_session_timeout', 'transaction_timeout'])
