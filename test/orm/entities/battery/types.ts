// Custom types of the battery's model: what MikroORM hands them (the platform above all) must be what the entity's own database has.
import { type Platform, Type } from '@mikro-orm/core'

/** Names the database a value is made for, as a type that formats for one database would find out. */
const databaseOf = (platform: Platform): string => platform.constructor.name.replace('Platform', '')

/** An amount in cents; JSON shows which database it came from. */
export class MoneyType extends Type<number, string> {
  override convertToDatabaseValue(cents: number): string {
    return typeof cents === 'number' ? (cents / 100).toFixed(2) : cents
  }

  override convertToJSValue(stored: string): number {
    return Math.round(Number(stored) * 100)
  }

  override getColumnType(): string {
    return 'varchar(20)'
  }

  override compareAsType(): string {
    return 'string'
  }

  override toJSON(cents: number, platform: Platform): string {
    return `${(cents / 100).toFixed(2)} from ${databaseOf(platform)}`
  }
}

/** A shelf mark such as `A-12`: PostgreSQL stores `pg:A-12`, SQLite `sqlite:A-12`, so that a wrong platform finds no row. */
export class ShelfMarkType extends Type<string, string> {
  override convertToDatabaseValue(mark: string, platform: Platform): string {
    return mark == null || mark.includes(':') ? mark : `${prefixOf(platform)}:${mark}`
  }

  override convertToJSValue(stored: string, platform: Platform): string {
    return stored?.replace(`${prefixOf(platform)}:`, '')
  }

  override getColumnType(): string {
    return 'varchar(40)'
  }

  override compareAsType(): string {
    return 'string'
  }

  override toJSON(mark: string, platform: Platform): string {
    return `${mark} in ${databaseOf(platform)}`
  }
}

const prefixOf = (platform: Platform): string => (databaseOf(platform) === 'PostgreSql' ? 'pg' : 'sqlite')
