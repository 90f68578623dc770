import { Recent } from '../recent.ts'
import { flatten, isPlain } from './flatten.ts'
import { bindableHoles } from './holes.ts'
import type { Literals, Parameter } from './literals.ts'
import type { LiteralPlatform } from './platform.ts'

/** A statement with its values beside it. */
export interface BoundStatement {
  readonly text: string
  readonly values: unknown[]
}

/** What is known of one text with holes. */
interface Template {
  readonly pieces: readonly string[]
  /** Which holes can be parameters; undefined where none can. */
  readonly bindable: readonly boolean[] | undefined
  /** By the types of the parameters: the same text is the same object, so that it is found again at once. */
  readonly texts: Recent<string, string>
}

/** How many texts are remembered. */
const MOST_TEMPLATES = 1000

/** Of one text, with how many combinations of types: a number may be an integer one time and none the next. */
const MOST_TYPES = 50

/** Longer texts are seldom the same twice, and cost more to look at than they cost the server to read. In characters. */
const LONGEST = 50_000

/** Takes the values out of the statements of one MikroORM, so that each means what it did. */
export class Binder {
  readonly #literals: Literals
  readonly #platform: LiteralPlatform
  readonly #templates = new Recent<string, Template>(MOST_TEMPLATES)

  constructor(literals: Literals, platform: LiteralPlatform) {
    this.#literals = literals
    this.#platform = platform
  }

  /**
   * @param sql - with `?` and `??`, as MikroORM writes it
   * @returns undefined where it has to be sent with literals
   */
  bind(sql: string, params: readonly unknown[]): BoundStatement | undefined {
    if (params.length === 0 || sql.length > LONGEST) return undefined
    const known = this.#templates.get(sql)
    if (known !== undefined && params.every(isPlain)) return this.#fill(known, params)
    const { pieces, values, plain } = flatten(sql, params, this.#platform)
    const key = plain ? sql : pieces.join('\0')
    let template = this.#templates.get(key)
    if (template === undefined) this.#templates.set(key, (template = this.#templateOf(pieces)))
    return this.#fill(template, values)
  }

  #templateOf(pieces: readonly string[]): Template {
    const { accepts } = this.#literals
    const bindable = pieces.length > 1 && pieces.every((piece) => accepts(piece)) ? bindableHoles(pieces) : undefined
    return { pieces, bindable, texts: new Recent(MOST_TYPES) }
  }

  #fill({ pieces, bindable, texts }: Template, given: readonly unknown[]): BoundStatement | undefined {
    if (bindable === undefined) return undefined
    const values: unknown[] = []
    const holes: (Parameter | string)[] = []
    let types: string | undefined = ''
    for (const [index, canBind] of bindable.entries()) {
      const value = given[index]
      const parameter = canBind ? this.#parameter(value, pieces, index) : undefined
      holes.push(parameter ?? String(this.#platform.quoteValue(value)))
      if (parameter === undefined) types = undefined
      else {
        values.push(parameter.value)
        if (types !== undefined) types += parameter.cast === '' ? '.' : parameter.cast
      }
    }
    if (values.length === 0 || values.length > this.#literals.most) return undefined
    if (types === undefined) return { text: this.#textOf(pieces, holes), values }
    let text = texts.get(types)
    if (text === undefined) texts.set(types, (text = this.#textOf(pieces, holes)))
    return { text, values }
  }

  /** A sign and a cast take what is beside them, and do not do so in the same order for a literal and for a parameter. */
  #parameter(value: unknown, pieces: readonly string[], index: number): Parameter | undefined {
    const isNumber = typeof value === 'number'
    if (isNumber && /^\s*::/.test(pieces[index + 1]!)) return undefined
    if (isNumber && value < 0 && pieces[index]!.endsWith('-')) return undefined
    return this.#literals.parameter(value, this.#platform)
  }

  #textOf(pieces: readonly string[], holes: readonly (Parameter | string)[]): string {
    let [text, place] = [pieces[0]!, 0]
    for (const [index, hole] of holes.entries()) {
      text += typeof hole === 'string' ? hole : this.#literals.placeholder(++place) + hole.cast
      text += pieces[index + 1]!
    }
    return text
  }
}
