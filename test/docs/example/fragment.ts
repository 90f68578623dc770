// What a fragment of the documentation runs in: a request of the example service, with a few rows in its databases.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { buildApp } from '../../../docs/example/app.ts'
import { Group, Member } from '../../../docs/example/entities/group.ts'

/** The names that a fragment may use without saying where they come from, beside the example's entities. */
export interface Surroundings {
  readonly app: FastifyInstance
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Runs a fragment; rejects with what it throws. */
export async function inRequest(fragment: (surroundings: Surroundings) => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-fragment-'))
  const app = await buildApp(folder)
  let failure: unknown
  app.get('/fragment', async (request, reply) => {
    await fragment({ app, request, reply }).catch((error: unknown) => {
      failure = error
    })
    return 'done'
  })
  try {
    await seed(app)
    await app.inject('/fragment')
  } finally {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
  if (failure !== undefined) throw failure
}

async function seed(app: FastifyInstance): Promise<void> {
  await using session = app.sqlassist.session()
  const choir = new Group('Choir', 'Sings on Tuesdays')
  await session.writer.persistAndFlush([choir, new Group('Band', 'Plays'), new Member(choir, 'Ada', 'ada@example.com')])
}
