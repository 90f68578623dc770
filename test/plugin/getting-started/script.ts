// What a client asks the application, step by step, and what it is told: each route of the guide, in its good cases and in its bad ones.
import type { FastifyInstance } from 'fastify'

export interface Step {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  /** The user of the step whose token is sent. */
  readonly as?: 'ann' | 'foo'
  readonly body?: object
  readonly status: number
  /** Of the answer; the whole of it is compared between the two applications. */
  readonly tells?: object
}

const NO_TOKEN = { error: 'Please provide your token via Authorization header' }
const ann = { email: 'ann@example.org', fullName: 'Ann', password: 'secret' }
const story = { title: 'My Story!', description: 'about it', text: 'Once upon a time' }

export const SCRIPT: readonly Step[] = [
  { name: 'nobody has a profile', method: 'GET', url: '/user/profile', status: 500, tells: NO_TOKEN },
  { name: 'sign up', method: 'POST', url: '/user/sign-up', body: { ...ann, social: { twitter: '@ann' } }, status: 200, tells: { fullName: 'Ann', bio: '', social: { twitter: '@ann' }, token: String } },
  { name: 'sign up twice', method: 'POST', url: '/user/sign-up', body: ann, status: 500, tells: { error: 'This email is already registered, maybe you want to sign in?' } },
  { name: 'sign up without a password', method: 'POST', url: '/user/sign-up', body: { email: 'x', fullName: 'X' }, status: 500, tells: { error: 'password is required' } },
  { name: 'sign in', method: 'POST', url: '/user/sign-in', body: { email: 'foo@bar.com', password: 'password123' }, status: 200, tells: { fullName: 'Foo Bar', token: String } },
  { name: 'sign in with a wrong password', method: 'POST', url: '/user/sign-in', body: { email: 'foo@bar.com', password: 'password456' }, status: 401, tells: { error: 'Invalid combination of email and password' } },
  { name: 'sign in as nobody', method: 'POST', url: '/user/sign-in', body: { email: 'nobody', password: 'x' }, status: 401, tells: { error: 'Invalid combination of email and password' } },
  { name: 'profile', method: 'GET', url: '/user/profile', as: 'ann', status: 200, tells: { email: 'ann@example.org' } },
  { name: 'change it', method: 'PATCH', url: '/user/profile', as: 'ann', body: { bio: 'writes', password: 'changed' }, status: 200, tells: { bio: 'writes' } },
  { name: 'change it as nobody', method: 'PATCH', url: '/user/profile', body: { bio: 'x' }, status: 500, tells: NO_TOKEN },
  { name: 'the old password', method: 'POST', url: '/user/sign-in', body: { email: ann.email, password: ann.password }, status: 401 },
  { name: 'the new password', method: 'POST', url: '/user/sign-in', body: { email: ann.email, password: 'changed' }, status: 200, tells: { bio: 'writes' } },
  {
    name: 'list', method: 'GET', url: '/article', status: 200,
    tells: {
      items: [
        { slug: 'title-13', title: 'title 1/3', description: 'desc 1/3', tags: ['foo1', 'foo2'], authorName: 'Foo Bar', totalComments: 2 },
        { title: 'title 2/3', description: 'desc 2/3', tags: ['foo2'], authorName: 'Foo Bar', totalComments: 1 },
        { title: 'title 3/3', description: 'desc 3/3', tags: ['foo2', 'foo3'], authorName: 'Foo Bar', totalComments: 3 },
      ],
      total: 3,
    },
  },
  { name: 'a page of the list', method: 'GET', url: '/article?limit=1&offset=1', status: 200, tells: { items: [{ title: 'title 2/3' }], total: 3 } },
  { name: 'a page behind the end', method: 'GET', url: '/article?limit=2&offset=9', status: 200, tells: { items: [], total: 3 } },
  { name: 'an article', method: 'GET', url: '/article/title-13', status: 200, tells: { text: 'text text text 1/3', author: { fullName: 'Foo Bar' }, comments: [{ text: 'comment 1 on 1/3', author: { fullName: 'Foo Bar' } }, {}] } },
  { name: 'no such article', method: 'GET', url: '/article/nowhere', status: 404, tells: { error: "Article not found ({ slug: 'nowhere' })" } },
  { name: 'write one', method: 'POST', url: '/article', as: 'ann', body: story, status: 200, tells: { slug: 'my-story', title: 'My Story!' } },
  { name: 'write one as nobody', method: 'POST', url: '/article', body: story, status: 500, tells: NO_TOKEN },
  { name: 'write it twice', method: 'POST', url: '/article', as: 'ann', body: story, status: 500, tells: { error: /UNIQUE constraint failed: article\.slug/ } },
  { name: 'write one without a text', method: 'POST', url: '/article', as: 'ann', body: { title: 'Empty', description: 'x' }, status: 500, tells: { error: /Article\.text/ } },
  { name: 'the list from the cache', method: 'GET', url: '/article', status: 200, tells: { total: 3 } },
  { name: 'another page, which is not in it', method: 'GET', url: '/article?limit=10', status: 200, tells: { total: 4 } },
  { name: 'comment', method: 'POST', url: '/article/my-story/comment', as: 'foo', body: { text: 'Well told' }, status: 200, tells: { text: 'Well told' } },
  { name: 'comment as nobody', method: 'POST', url: '/article/my-story/comment', body: { text: 'x' }, status: 500, tells: NO_TOKEN },
  { name: 'comment without a text', method: 'POST', url: '/article/my-story/comment', as: 'foo', body: {}, status: 500, tells: { error: /Comment\.text/ } },
  { name: 'comment on nothing', method: 'POST', url: '/article/nowhere/comment', as: 'foo', body: { text: 'x' }, status: 404 },
  { name: 'the article with its comment', method: 'GET', url: '/article/my-story', status: 200, tells: { comments: [{ text: 'Well told', author: { fullName: 'Foo Bar' } }] } },
  { name: 'rewrite it', method: 'PATCH', url: '/article/4', as: 'ann', body: { title: 'Our Story', text: 'Twice upon a time' }, status: 200, tells: { title: 'Our Story', slug: 'my-story' } },
  { name: 'rewrite what somebody else has written', method: 'PATCH', url: '/article/1', as: 'ann', body: { title: 'x' }, status: 500, tells: { error: 'You are not the author of this article!' } },
  { name: 'rewrite nothing', method: 'PATCH', url: '/article/99', as: 'ann', body: { title: 'x' }, status: 404, tells: { error: 'Article not found (99)' } },
  { name: 'write one more', method: 'POST', url: '/article', as: 'ann', body: { ...story, title: 'Gone Tomorrow' }, status: 200, tells: { slug: 'gone-tomorrow' } },
  { name: 'delete what somebody else has written', method: 'DELETE', url: '/article/1', as: 'ann', status: 500, tells: { error: 'You are not the author of this article!' } },
  { name: 'delete as nobody', method: 'DELETE', url: '/article/5', status: 500, tells: NO_TOKEN },
  { name: 'delete', method: 'DELETE', url: '/article/5', as: 'ann', status: 200, tells: { success: true } },
  { name: 'delete it again', method: 'DELETE', url: '/article/5', as: 'ann', status: 200, tells: { notFound: true } },
  { name: 'it is gone', method: 'GET', url: '/article/gone-tomorrow', status: 404 },
  { name: 'delete one with comments, whose rows stay', method: 'DELETE', url: '/article/4', as: 'ann', status: 500, tells: { error: /FOREIGN KEY constraint failed/ } },
  { name: 'it is still there', method: 'GET', url: '/article/my-story', status: 200, tells: { title: 'Our Story', text: 'Twice upon a time' } },
  { name: 'a token that nobody was given', method: 'GET', url: '/user/profile?', status: 500, tells: NO_TOKEN },
]

/** What a step was answered. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Goes through the script over HTTP, as those who sign in on the way. */
export async function play(app: FastifyInstance): Promise<Map<string, Answer>> {
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const tokens = new Map<string | undefined, string>()
  const answers = new Map<string, Answer>()
  for (const { name, method, url, as, body } of SCRIPT) {
    const headers = { ...(body && { 'content-type': 'application/json' }), authorization: `Bearer ${tokens.get(as) ?? 'made up'}` }
    const response = await fetch(address + url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const answer = (await response.json()) as { token?: string }
    if (name === 'sign up') tokens.set('ann', answer.token!)
    if (name === 'sign in') tokens.set('foo', answer.token!)
    answers.set(name, { status: response.status, body: answer })
  }
  return answers
}
