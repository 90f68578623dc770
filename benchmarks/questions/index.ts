// In the order of the page.
import { question as oneRead } from './one-read.ts'
import { question as oneWrite } from './one-write.ts'
import type { Question } from './question.ts'
import { question as untouched } from './untouched.ts'

export const QUESTIONS: readonly Question[] = [oneRead, oneWrite, untouched]
