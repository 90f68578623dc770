import t from 'tap'
import { removeEmptyGroups } from '../../../docs/example/scripts/remove-empty-groups.ts'
import { Program } from '../support/program.ts'
import { dataFolder, service } from './support.ts'

t.test('the service can run the job itself', async (t) => {
  const app = await service(t)
  await app.inject({ method: 'POST', url: '/groups', payload: { name: 'Empty', description: 'Nobody came' } })
  await app.inject({ method: 'POST', url: '/groups', payload: { name: 'Choir', description: 'Sings' } })
  await app.inject({ method: 'POST', url: '/groups/2/members', payload: { name: 'Ada', email: 'ada@example.com' } })
  t.equal(await removeEmptyGroups(app.sqlassist), 1)
  t.match((await app.inject('/groups')).json(), [{ name: 'Choir' }])
  t.match((await app.inject('/audit')).json(), [{ action: 'job remove-empty-groups', outcome: '1 removed' }])
  t.equal(app.sqlassist.stats().writer?.sessions.open, 0, 'its session ended with it')
})

t.test('the job can run beside the service', async (t) => {
  const folder = dataFolder(t)
  const app = await service(t, folder)
  await app.inject({ method: 'POST', url: '/groups', payload: { name: 'Empty', description: 'Nobody came' } })
  const job = new Program(t, 'docs/example/scripts/remove-empty-groups.ts', { EXAMPLE_DATA: folder })
  t.strictSame(await job.end(), { code: 0, signal: null })
  t.equal(job.printed, '1 empty groups removed\n')
  t.strictSame((await app.inject('/groups')).json(), [])
})
