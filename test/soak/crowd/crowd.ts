// Many requests at the same moment, over some HTTP/2 connections.
import { connect } from 'node:http2'
import { codeOf } from '../exchange.ts'
import { Tally } from '../tally.ts'

const SESSIONS = 20

/** @returns how often each answer has come; whatever has no answer is missing */
export async function crowd(port: number, path: string, size: number): Promise<Tally> {
  const answers = new Tally()
  const sessions = Array.from({ length: SESSIONS }, () => connect(`http://127.0.0.1:${port}`))
  const ask = async (number: number): Promise<void> => {
    const stream = sessions[number % SESSIONS]!.request({ ':path': path })
    let status = 0
    let text = ''
    stream.setEncoding('utf8')
    stream.on('response', (answer) => (status = answer[':status']!))
    stream.on('data', (part: string) => (text += part))
    stream.on('error', () => {})
    await new Promise((resolve) => stream.on('close', resolve))
    if (status !== 0) answers.add(status === 200 ? '200' : `${status} ${codeOf(text).code ?? ''}`)
  }
  await Promise.all(Array.from({ length: size }, async (_, number) => await ask(number)))
  for (const session of sessions) session.close()
  return answers
}
