import type { EntityManager } from '@mikro-orm/core'
import { CommentSchema, TagSchema, UserSchema, ArticleSchema } from './entities.ts'

/** How many comments and which tags the three articles of the guide's seeder have. */
const ARTICLES = [
  { comments: 2, tags: ['foo1', 'foo2'] },
  { comments: 1, tags: ['foo2'] },
  { comments: 3, tags: ['foo2', 'foo3'] },
]

/** The rows that the guide's own tests begin with; a database that has them is left alone. */
export async function seed(em: EntityManager): Promise<void> {
  if ((await em.count(UserSchema)) > 0) return
  const author = em.create(UserSchema, { fullName: 'Foo Bar', email: 'foo@bar.com', password: 'password123' })
  const tags = new Map(['foo1', 'foo2', 'foo3'].map((name) => [name, em.create(TagSchema, { name })]))
  for (const [index, { comments, tags: names }] of ARTICLES.entries()) {
    const number = `${index + 1}/3`
    const article = em.create(ArticleSchema, { author, title: `title ${number}`, description: `desc ${number}`, text: `text text text ${number}`, tags: names.map((name) => tags.get(name)!) })
    for (let comment = 1; comment <= comments; comment++) em.create(CommentSchema, { author, article, text: `comment ${comment} on ${number}` })
  }
  await em.flush()
}
