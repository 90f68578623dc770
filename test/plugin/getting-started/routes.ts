// The routes of the application of MikroORM's guide, which do not know whether they run on the plugin.
import { type EntityManager, NotFoundError, wrap } from '@mikro-orm/core'
import type { EntityRepository } from '@mikro-orm/sqlite'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Article, ArticleRepository, CommentSchema, User, UserRepository } from './entities.ts'
import { AuthError, bearerOf, tokenFor } from './passwords.ts'

/** What a request works with. */
export interface Services {
  readonly em: EntityManager
  readonly user: UserRepository
  readonly article: ArticleRepository
  readonly comment: EntityRepository<(typeof CommentSchema)['~entity']>
}

export type ServicesOf = (request: FastifyRequest) => Services

interface Profile {
  readonly email: string
  readonly fullName: string
  readonly password: string
  readonly bio?: string
  readonly social?: { readonly twitter?: string; readonly facebook?: string; readonly linkedin?: string }
}
interface NewArticle {
  readonly title: string
  readonly description: string
  readonly text: string
}

const userOf = (request: FastifyRequest): User => {
  const user = request.getDecorator<User | null>('user')
  if (user === null) throw new Error('Please provide your token via Authorization header')
  return user
}

function assertAuthor(user: User, article: Article): void {
  if (article.author.id !== user.id) throw new Error('You are not the author of this article!')
}

/** In the guide a schema library does it. */
function assertProfile(profile: Profile): void {
  for (const field of ['email', 'fullName', 'password'] as const) if (typeof profile[field] !== 'string') throw new Error(`${field} is required`)
}

export function registerBlog(app: FastifyInstance, servicesOf: ServicesOf): void {
  app.decorateRequest('user', null)
  app.addHook('onRequest', async (request) => {
    const id = bearerOf(request.headers.authorization)
    if (id !== undefined) request.setDecorator('user', await servicesOf(request).user.findOne(id)) // who needs one says so
  })
  app.setErrorHandler(async (error: Error, _request, reply) => {
    const status = error instanceof AuthError ? 401 : error instanceof NotFoundError ? 404 : 500
    return await reply.status(status).send({ error: error.message })
  })
  void app.register(async (scope) => registerUsers(scope, servicesOf), { prefix: 'user' })
  void app.register(async (scope) => registerArticles(scope, servicesOf), { prefix: 'article' })
}

function registerUsers(app: FastifyInstance, servicesOf: ServicesOf): void {
  app.post<{ Body: Profile }>('/sign-up', async (request) => {
    const db = servicesOf(request)
    assertProfile(request.body)
    if (await db.user.exists(request.body.email)) throw new Error('This email is already registered, maybe you want to sign in?')
    const user = db.user.create(request.body as never)
    await db.em.flush()
    user.token = tokenFor(user.id)
    return user
  })
  app.post<{ Body: { email: string; password: string } }>('/sign-in', async (request) => {
    const user = await servicesOf(request).user.login(request.body.email, request.body.password)
    user.token = tokenFor(user.id)
    return user
  })
  app.get('/profile', async (request) => userOf(request))
  app.patch<{ Body: Partial<Profile> }>('/profile', async (request) => {
    const user = userOf(request)
    wrap(user).assign(request.body as never)
    await servicesOf(request).em.flush()
    return user
  })
}

function registerArticles(app: FastifyInstance, servicesOf: ServicesOf): void {
  // Nothing turns what is in the address into numbers, here as in the guide.
  app.get<{ Querystring: { limit?: number; offset?: number } }>('/', async (request) => {
    return await servicesOf(request).article.list(request.query.limit, request.query.offset)
  })
  app.get<{ Params: { slug: string } }>('/:slug', async (request) => {
    return await servicesOf(request).article.findOneOrFail({ slug: request.params.slug }, { populate: ['author', 'comments.author', 'text'] })
  })
  app.post<{ Body: NewArticle }>('/', async (request) => {
    const author = userOf(request)
    const db = servicesOf(request)
    const { title, description, text } = request.body
    const article = db.article.create({ title, description, text, author } as never)
    await db.em.flush()
    return article
  })
  // The guide looks for the text among the parameters of the address, where none is, so that each comment ends in an error: here it may also be in the body.
  app.post<{ Params: { slug: string; text?: string }; Body: { text?: string } | undefined }>('/:slug/comment', async (request) => {
    const db = servicesOf(request)
    const author = userOf(request)
    const article = await db.article.findOneOrFail({ slug: request.params.slug })
    const comment = db.comment.create({ author, article, text: request.params.text ?? request.body?.text } as never)
    article.comments.add(comment)
    await db.em.flush()
    return comment
  })
  app.patch<{ Params: { id: string }; Body: Partial<NewArticle> }>('/:id', async (request) => {
    const db = servicesOf(request)
    const user = userOf(request)
    const article = await db.article.findOneOrFail(Number(request.params.id))
    assertAuthor(user, article)
    wrap(article).assign(request.body as never)
    await db.em.flush()
    return article
  })
  app.delete<{ Params: { id: string } }>('/:id', async (request) => {
    const db = servicesOf(request)
    const user = userOf(request)
    const article = await db.article.findOne(Number(request.params.id))
    if (article === null) return { notFound: true }
    assertAuthor(user, article)
    await db.em.remove(article).flush()
    return { success: true }
  })
}
