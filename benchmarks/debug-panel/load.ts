import { Agent, get } from 'node:http'
import { BOOKS } from './books.ts'

/** Asks for so many books over so many connections, each asking again as soon as it is answered. */
export async function ask(port: number, requests: number, connections: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let next = 0
  const one = async (): Promise<void> => {
    while (next < requests) await book(agent, port, (next++ % BOOKS) + 1)
  }
  try {
    await Promise.all(Array.from({ length: connections }, one))
  } finally {
    agent.destroy()
  }
}

async function book(agent: Agent, port: number, id: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get({ agent, host: '127.0.0.1', port, path: `/books/${id}` }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`The application answers ${response.statusCode}`))
      response.resume().once('end', resolve)
    }).once('error', reject)
  })
}
