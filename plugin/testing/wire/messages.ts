// PostgreSQL's protocol, version 3, as far as it must be understood to stand between a client and its server.

/** One message: a letter, its length, its body. */
export interface Message {
  readonly type: string
  readonly bytes: Buffer
}

/** What a server says of an error. */
export interface Failure {
  readonly code: string
  readonly message: string
}

const HEADER = 5

/** Cuts a stream into messages. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  add(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
  }

  /** Takes the next whole message. */
  next(): Message | undefined {
    if (this.#rest.length < HEADER) return undefined
    const length = this.#rest.readUInt32BE(1) + 1
    if (this.#rest.length < length) return undefined
    return { type: String.fromCharCode(this.#rest[0]!), bytes: this.#take(length) }
  }

  /** Takes the next message of those that a connection begins with: they have no letter. */
  nextUntyped(): Buffer | undefined {
    if (this.#rest.length < 4) return undefined
    const length = this.#rest.readUInt32BE(0)
    return this.#rest.length < length ? undefined : this.#take(length)
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }
}

/** A message of text fields, each with a zero behind it, numbers of 32 bits, and bytes as they are. */
export function message(type: string, ...parts: readonly (string | number | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : typeof part === 'number' ? int32(part) : part)))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const query = (sql: string): Buffer => message('Q', sql)
export const sync = message('S')
export const complete = (tag: string): Buffer => message('C', tag)
export const readyForQuery = (status: 'I' | 'T' | 'E'): Buffer => message('Z', Buffer.from(status))
export const errorResponse = ({ code, message: text }: Failure): Buffer => message('E', 'SERROR', 'VERROR', `C${code}`, `M${text}`, Buffer.from([0]))

/** The text that begins at a place of a message. */
export function textAt(bytes: Buffer, start: number): string {
  return bytes.toString('utf8', start, bytes.indexOf(0, start))
}

/** Where the text ends that begins at a place: behind its zero. */
export const textEnd = (bytes: Buffer, start: number): number => bytes.indexOf(0, start) + 1

/** An error as the server has told it. */
export function failureOf({ bytes }: Message): Failure {
  const fields: Record<string, string> = {}
  for (let at = HEADER; bytes[at] !== 0 && at < bytes.length; at = textEnd(bytes, at)) fields[String.fromCharCode(bytes[at]!)] = textAt(bytes, at + 1)
  return { code: fields['C'] ?? '', message: fields['M'] ?? '' }
}

/** The rows of an answer, as text. */
export function rowOf({ bytes }: Message): (string | null)[] {
  const columns: (string | null)[] = []
  const count = bytes.readUInt16BE(HEADER)
  for (let index = 0, at = HEADER + 2; index < count; index++) {
    const length = bytes.readInt32BE(at)
    at += 4
    columns.push(length === -1 ? null : bytes.toString('utf8', at, at + length))
    at += Math.max(length, 0)
  }
  return columns
}
