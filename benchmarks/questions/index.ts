// In the order of the page.
import { question as engines } from './engines.ts'
import { question as memory } from './memory.ts'
import { question as oneRead } from './one-read.ts'
import { question as oneWrite } from './one-write.ts'
import { question as pool } from './pool.ts'
import type { Question } from './question.ts'
import { question as session } from './session.ts'
import { question as sqlite } from './sqlite.ts'
import { question as startUp } from './start-up.ts'
import { question as tenReads } from './ten-reads.ts'
import { question as transaction } from './transaction.ts'
import { question as untouched } from './untouched.ts'

export const QUESTIONS: readonly Question[] = [oneRead, tenReads, oneWrite, transaction, untouched, engines, pool, session, memory, sqlite, startUp]
