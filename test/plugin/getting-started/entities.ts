// The entities of the application of MikroORM's guide: users, their articles, comments and tags, and a listing that is no table.
import { defineEntity, type EntityManager, type EventArgs, type InferEntity, p } from '@mikro-orm/core'
import { EntityRepository, type QueryBuilder, sql } from '@mikro-orm/sqlite'
import { AuthError, hashed, matches } from './passwords.ts'

const Base = defineEntity({
  name: 'Base',
  abstract: true,
  properties: {
    id: p.integer().primary(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p.datetime().onCreate(() => new Date()).onUpdate(() => new Date()),
  },
})

export const SocialSchema = defineEntity({
  name: 'Social',
  embeddable: true,
  properties: { twitter: p.string().nullable(), facebook: p.string().nullable(), linkedin: p.string().nullable() },
})

export const UserSchema = defineEntity({
  name: 'User',
  extends: Base,
  repository: () => UserRepository,
  properties: {
    fullName: p.string(),
    email: p.string(),
    password: p.string().hidden().lazy(),
    bio: p.text().default(''),
    articles: () => p.oneToMany(ArticleSchema).mappedBy('author'),
    token: p.string().persist(false).nullable(),
    social: () => p.embedded(SocialSchema).object().nullable(),
  },
})
export type User = InferEntity<typeof UserSchema>

/** A password is stored as a hash, whenever it is new. */
async function hashPassword({ changeSet, entity }: EventArgs<User>): Promise<void> {
  const password = changeSet?.payload.password
  if (typeof password === 'string') entity.password = await hashed(password)
}
UserSchema.addHook('beforeCreate', hashPassword)
UserSchema.addHook('beforeUpdate', hashPassword)

export const ArticleSchema = defineEntity({
  name: 'Article',
  extends: Base,
  repository: () => ArticleRepository,
  properties: {
    slug: p.string().unique().onCreate((article) => slugOf(article.title)),
    title: p.string().index(),
    description: p.string().length(1000).onCreate((article) => `${article.text.slice(0, 999)}…`),
    text: p.text().lazy(),
    author: () => p.manyToOne(UserSchema).ref(),
    tags: () => p.manyToMany(TagSchema),
    comments: () => p.oneToMany(CommentSchema).mappedBy('article').eager().orphanRemoval(),
  },
})
export type Article = InferEntity<typeof ArticleSchema>

const slugOf = (title: string): string => title.toLowerCase().replaceAll(/[^\w ]+/g, '').trim().split(/ +/).join('-')

/** A comment is not deleted but marked: see soft-delete.ts. */
export const CommentSchema = defineEntity({
  name: 'Comment',
  extends: Base,
  properties: {
    text: p.string(),
    article: () => p.manyToOne(ArticleSchema).ref(),
    author: () => p.manyToOne(UserSchema).ref(),
    deletedAt: p.datetime().nullable(),
  },
  filters: { softDelete: { name: 'softDelete', cond: { deletedAt: null }, default: true } },
})

export const TagSchema = defineEntity({
  name: 'Tag',
  extends: Base,
  properties: { name: p.string().length(20), articles: () => p.manyToMany(ArticleSchema).mappedBy('tags') },
})

/** What the list of articles shows of each. */
export const ListingSchema = defineEntity({
  name: 'Listing',
  expression: (em: EntityManager) => em.getRepository(ArticleSchema).listing(),
  properties: {
    slug: p.string(),
    title: p.string(),
    description: p.string(),
    tags: p.array(),
    author: p.integer(),
    authorName: p.string(),
    totalComments: p.integer(),
  },
})
export type Listing = InferEntity<typeof ListingSchema>

export class UserRepository extends EntityRepository<User> {
  async exists(email: string): Promise<boolean> {
    return (await this.count({ email })) > 0
  }

  async login(email: string, password: string): Promise<User> {
    const user = await this.findOneOrFail({ email }, { populate: ['password'], failHandler: () => new AuthError() })
    if (!(await matches(password, user.password))) throw new AuthError()
    return user
  }
}

export class ArticleRepository extends EntityRepository<Article> {
  /** What the virtual entity Listing is read from. */
  listing(): QueryBuilder<Article> {
    const comments = this.em.createQueryBuilder(CommentSchema).count().where({ article: sql.ref('a.id') }).as('totalComments')
    const tags = this.em
      .createQueryBuilder(ArticleSchema, 'tagged')
      .select(sql`group_concat(distinct t.name)`)
      .join('tagged.tags', 't')
      .where({ 'tagged.id': sql.ref('a.id') })
      .groupBy('tagged.author')
      .as('tags')
    return this.createQueryBuilder('a')
      .select(['slug', 'title', 'description', 'author'])
      .addSelect(sql.ref('u.full_name').as('authorName'))
      .join('author', 'u')
      .addSelect([comments, tags]) as unknown as QueryBuilder<Article>
  }

  /** Kept for longer than in the guide, where it is five seconds: what a client is told must not depend on how fast the machine is. */
  async list(limit: number | undefined, offset: number | undefined): Promise<{ items: Listing[]; total: number }> {
    const [items, total] = await this.em.findAndCount(ListingSchema, {}, { ...(limit === undefined ? {} : { limit }), ...(offset === undefined ? {} : { offset }), cache: 600_000 })
    return { items, total }
  }
}

export const entities = [UserSchema, SocialSchema, ArticleSchema, ListingSchema, TagSchema, CommentSchema]
