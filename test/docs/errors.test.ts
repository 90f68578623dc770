// docs/errors.md has a section for each code, as the messages promise, and none for a code that is never thrown.
import { errorCodes } from '../../orm/errors.ts'
import * as orm from 'fastify-sqlassist/orm'
import t from 'tap'
import { pages } from './support/markdown.ts'

const page = pages().find(({ path }) => path === 'docs/errors.md')!
const sections = page.text.split(/^## /m).slice(1)

t.strictSame(sections.map((section) => section.split('\n')[0]!).toSorted(), [...errorCodes].toSorted())

for (const section of sections) {
  const [code = '', ...text] = section.split('\n')
  t.ok(page.anchors.has(code.toLowerCase()), `${code}: the link in the message leads here`)
  t.ok(text.join(' ').trim().length > 100, `${code}: says what happened and what to do`)
}

t.test('every error class that can be imported names its code', async (t) => {
  const classes = Object.entries(orm).filter(([name]) => name.endsWith('Error')) as [string, { readonly code: string }][]
  t.strictSame(classes.map(([, { code }]) => code).toSorted(), [...errorCodes].toSorted())
  for (const [name, { code }] of classes) t.match(page.text, new RegExp(`## ${code}\\n\\n\`${name}\``), `${code}: names ${name}`)
})
