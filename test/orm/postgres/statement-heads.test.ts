// What a text sends, statement by statement, also where it is not finished: the server refuses that, and nothing may be overlooked before.
import t from 'tap'
import { statementHeads } from '../../../orm/postgres/statement-heads.ts'
import { kindOf } from '../../../orm/postgres/statement-kind.ts'

t.test('a text that ends in the middle of something', async (t) => {
  for (const unfinished of [`select E'it\\'s; commit`, `select 'commit; `, `select "commit; `, 'select $a$ commit; ', 'select 1 /* ; commit', 'select 1 -- ; commit']) {
    t.equal(statementHeads(unfinished).length, 1, unfinished)
    t.equal(kindOf(unfinished), 'other', unfinished)
  }
})

t.test('one that does not', async (t) => {
  for (const text of [`select E'it\\'s'; commit`, `select 'it''s'; commit`, 'select $a$;$a$; commit', 'select 1 /* /* ; */ ; */; commit', 'select 1 -- ;\n; commit']) {
    t.equal(statementHeads(text).length, 2, text)
    t.not(kindOf(text), 'other', text)
  }
})
