import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'

@Entity()
export class Account {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'integer' }) balance!: number
}
