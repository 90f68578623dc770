// The one entity of all parts. Each row says which server it was read from: in the same statement, so that it cannot be another one's answer.
import { Entity, Formula, PrimaryKey, Property } from '@mikro-orm/decorators/es'

@Entity()
export class Item {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'integer' }) value!: number
  @Formula(() => 'inet_server_port()', { type: 'integer' }) port?: number
}

export const CREATE_ITEMS = `
  create table item (id int primary key, value int not null);
  create function save_item(int, int) returns void language sql as 'insert into item values ($1, $2) on conflict (id) do update set value = excluded.value'`

/** The row that everybody reads and only the part itself counts up. */
export const COUNTER = 1
