// A group and its members refer to each other, so they live in one file.
import { Collection } from '@mikro-orm/core'
import { Entity, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/es'

/** A group of people: a choir, a chess club. */
@Entity({ tableName: 'groups' })
export class Group {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  name: string

  @Property({ type: 'text' })
  description: string

  @OneToMany({ entity: () => Member, mappedBy: 'group' })
  members = new Collection<Member>(this)

  constructor(name: string, description: string) {
    this.name = name
    this.description = description
  }
}

/** Somebody who belongs to a group. */
@Entity({ tableName: 'members' })
export class Member {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name: string

  @Property({ type: 'string', unique: true })
  email: string

  @ManyToOne({ entity: () => Group })
  group: Group

  constructor(group: Group, name: string, email: string) {
    this.group = group
    this.name = name
    this.email = email
  }
}
