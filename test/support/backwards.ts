import { Type } from '@mikro-orm/core'

/** Text that is kept backwards: a type of the application's own. */
export class Backwards extends Type<string | null, string | null> {
  override convertToDatabaseValue(value: string | null): string | null {
    return value && Array.from(value).toReversed().join('')
  }

  override convertToJSValue(value: string | null): string | null {
    return this.convertToDatabaseValue(value)
  }

  override getColumnType(): string {
    return 'text'
  }

  override get runtimeType(): string {
    return 'string'
  }
}
