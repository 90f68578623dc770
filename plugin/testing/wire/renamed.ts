import { message, type Message, textAt, textEnd } from './messages.ts'

const BODY = 5

/**
 * Gives prepared statements and portals names of their own: several connections of an application use one of the server's, and may all have chosen the same name. The one
 * without a name stays: it is used up in the messages that go together.
 */
export function renamed({ type, bytes }: Message, own: (name: string) => string): Message {
  if (type === 'P' || type === 'E') return { type, bytes: message(type, own(textAt(bytes, BODY)), bytes.subarray(textEnd(bytes, BODY))) }
  if (type === 'B') {
    const statement = textEnd(bytes, BODY)
    return { type, bytes: message('B', own(textAt(bytes, BODY)), own(textAt(bytes, statement)), bytes.subarray(textEnd(bytes, statement))) }
  }
  return { type, bytes: message(type, bytes.subarray(BODY, BODY + 1), own(textAt(bytes, BODY + 1))) } // Describe and Close say first which of the two they mean
}

/** What a Parse message prepares, and under which name. */
export function preparedBy({ type, bytes }: Message): { readonly name: string; readonly text: string } | undefined {
  return type === 'P' ? { name: textAt(bytes, BODY), text: textAt(bytes, textEnd(bytes, BODY)) } : undefined
}

/** The name of the prepared statement that a Bind message uses. */
export function boundBy({ type, bytes }: Message): string | undefined {
  return type === 'B' ? textAt(bytes, textEnd(bytes, BODY)) : undefined
}
