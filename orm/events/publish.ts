import { channel, type ChannelListener, type Channel } from 'node:diagnostics_channel'
import type { SqlAssistEvents } from './events.ts'

/** The name of a channel. */
export type SqlAssistEventName = keyof SqlAssistEvents

/** Made once: to look a channel up by its name costs more than to ask whether anybody listens. */
const channels: Readonly<Record<SqlAssistEventName, Channel>> = {
  'sqlassist:container:open': channel('sqlassist:container:open'),
  'sqlassist:container:close': channel('sqlassist:container:close'),
  'sqlassist:session:open': channel('sqlassist:session:open'),
  'sqlassist:session:route': channel('sqlassist:session:route'),
  'sqlassist:session:close': channel('sqlassist:session:close'),
  'sqlassist:query:start': channel('sqlassist:query:start'),
  'sqlassist:query:end': channel('sqlassist:query:end'),
  'sqlassist:flush': channel('sqlassist:flush'),
  'sqlassist:pool:checkout': channel('sqlassist:pool:checkout'),
  'sqlassist:pool:release': channel('sqlassist:pool:release'),
  'sqlassist:transaction:begin': channel('sqlassist:transaction:begin'),
  'sqlassist:transaction:prepare': channel('sqlassist:transaction:prepare'),
  'sqlassist:transaction:commit': channel('sqlassist:transaction:commit'),
  'sqlassist:transaction:abort': channel('sqlassist:transaction:abort'),
  'sqlassist:transaction:savepoint': channel('sqlassist:transaction:savepoint'),
  'sqlassist:transaction:hook': channel('sqlassist:transaction:hook'),
  'sqlassist:cancel': channel('sqlassist:cancel'),
  'sqlassist:leak': channel('sqlassist:leak'),
  'sqlassist:recovery': channel('sqlassist:recovery'),
}

/** All channels that this package publishes on. */
export const SQLASSIST_EVENTS: readonly SqlAssistEventName[] = Object.freeze(Object.keys(channels) as SqlAssistEventName[])

/** Whether anybody listens: without that nothing is made that would have to be thrown away. */
export const isHeard = (name: SqlAssistEventName): boolean => channels[name].hasSubscribers

/** Publishes an event. What a listener throws becomes an uncaught exception, as Node.js has it, and does no harm here. */
export function publish<N extends SqlAssistEventName>(name: N, event: SqlAssistEvents[N]): void {
  channels[name].publish(event)
}

/**
 * Listens to one of the channels of {@link SqlAssistEvents}; the same as `diagnostics_channel.subscribe()`, with types.
 *
 * Listeners are called synchronously, in the middle of what they are told of: do little, and throw nothing, for that is an uncaught exception. The events of all
 * SqlAssists of the process come together.
 *
 * @param name - the channel
 * @param listener - is given the event
 * @returns ends the listening
 */
export function onSqlAssistEvent<N extends SqlAssistEventName>(name: N, listener: (event: SqlAssistEvents[N]) => void): () => void {
  const listen: ChannelListener = (event) => listener(event as SqlAssistEvents[N])
  channels[name].subscribe(listen)
  return () => {
    channels[name].unsubscribe(listen)
  }
}
