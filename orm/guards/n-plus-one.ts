import { callersIn, placeOf, type Stack, takeStack } from '../caller.ts'
import { NPlusOneError } from '../errors.ts'
import type { QueryStartEvent } from '../events/events.ts'
import { describeLoop } from '../n-plus-one/describe.ts'
import { differingKey, type Lookup, SUSPICIOUS, valuesOf } from '../n-plus-one/lookup.ts'
import type { QueryKey } from '../sql/query-shape.ts'
import { contextOf, type Guarded } from './guarded.ts'
import type { Queries } from './queries.ts'

/** Lookups of one fingerprint on one engine. */
interface Similar {
  readonly first: Lookup
  readonly firstValues: readonly string[]
  /** Where the first one came from; read when a second one comes. */
  firstStack: Stack | undefined
  readonly seen: Set<string>
  /** How many different ones came from each place. */
  readonly places: Map<string, number>
  count: number
  loop: Loop | undefined
}

interface Loop {
  readonly key: QueryKey
  readonly caller: string | undefined
}

/** What else a request asks is not looked at: a loop shows earlier. */
const MOST_FINGERPRINTS = 200
const MOST_VALUES = 100
const MOST_FRAMES = 12

/** Finds queries of a container that a loop sends, while it sends them. */
export class NPlusOne {
  readonly #guarded: Guarded
  readonly #queries: Queries
  readonly #throws: boolean
  readonly #similar = new Map<string, Similar>()
  /** Engine and table, in the order of their reading. */
  readonly #read = new Set<string>()

  constructor(guarded: Guarded, queries: Queries, throws: boolean) {
    this.#guarded = guarded
    this.#queries = queries
    this.#throws = throws
  }

  /** @returns why a statement is not to be sent; undefined where it may be */
  refusal({ engine, sql, parameters, kind, internal }: QueryStartEvent): NPlusOneError | undefined {
    if (kind !== 'other' || internal) return undefined
    const query = this.#queries.of(sql, parameters.length)
    if (query === undefined) return undefined
    const similar = query.fingerprint === undefined ? undefined : this.#note(engine, query, parameters)
    for (const { name } of query.tables) if (this.#read.size < MOST_FINGERPRINTS) this.#read.add(`${engine} ${name}`)
    return this.#throws && similar?.loop !== undefined ? new NPlusOneError(this.#describe(engine, similar, similar.loop)) : undefined
  }

  /** Names the loops, which have run to their ends by now. */
  end(): void {
    if (this.#throws) return
    const { owner, logger } = this.#guarded
    for (const [key, similar] of this.#similar) {
      if (similar.loop === undefined) continue
      const { text, ...context } = this.#describe(key.slice(0, key.indexOf('\n')), similar, similar.loop)
      logger.warn({ ...contextOf(owner), ...context, sql: similar.first.fingerprint }, `${owner.label}: ${text}; the option is 'nPlusOne'`)
    }
  }

  #note(engine: string, lookup: Lookup, parameters: readonly unknown[]): Similar | undefined {
    const key = `${engine}\n${lookup.fingerprint}`
    const values = valuesOf(lookup, parameters)
    const known = this.#similar.get(key)
    if (known === undefined) {
      if (this.#similar.size < MOST_FINGERPRINTS) {
        this.#similar.set(key, { first: lookup, firstValues: values, firstStack: takeStack(), seen: new Set([textOf(values)]), places: new Map(), count: 1, loop: undefined })
      }
      return undefined
    }
    known.count++
    if (known.loop === undefined) look(known, values)
    return known
  }

  #describe(engine: string, { first, count }: Similar, { key, caller }: Loop): LoopDetails {
    const before = (): Set<string> => new Set([...this.#read].flatMap((read) => (read.startsWith(`${engine} `) ? [read.slice(engine.length + 1)] : [])))
    const named = describeLoop(count, { tables: first.tables, key }, () => this.#guarded.ormOf(engine), before)
    return { engine, ...named, count, ...(caller === undefined ? {} : { caller }) }
  }
}

type LoopDetails = ConstructorParameters<typeof NPlusOneError>[0]

const textOf = (values: readonly string[]): string => values.join('\n')

/** Several places may ask for the same kind of thing: only what comes from one of them again and again is a loop. */
function look(similar: Similar, values: readonly string[]): void {
  const { seen, first, firstValues, firstStack } = similar
  const text = textOf(values)
  if (seen.has(text) || seen.size >= MOST_VALUES) return
  seen.add(text)
  if (firstStack !== undefined) {
    add(similar, placesIn(firstStack))
    similar.firstStack = undefined
  }
  const places = placesIn(takeStack())
  if (add(similar, places) >= SUSPICIOUS) similar.loop = { key: differingKey(first, values, firstValues)!, caller: places[0] }
}

function add({ places }: Similar, stack: readonly string[]): number {
  const place = stack.join('\n')
  const count = (places.get(place) ?? 0) + 1
  places.set(place, count)
  return count
}

/** The way through the application to a statement. What calls itself takes the same way at any depth. */
function placesIn(stack: Stack): string[] {
  const places: string[] = []
  for (const caller of callersIn(stack)) {
    const place = placeOf(caller)
    if (places.at(-1) !== place) places.push(place)
    if (places.length === MOST_FRAMES) break
  }
  return places
}
