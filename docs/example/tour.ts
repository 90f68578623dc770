// A few real requests that the service makes to itself when it starts, so that there is something to see.

interface Answer {
  readonly status: number
  readonly body: { readonly id?: number; readonly error?: string; readonly code?: string }
}

/**
 * Uses the service as a client would and prints what came of it. May be run again on the same files: what is there already is
 * answered with 409.
 *
 * @param address - where the service listens
 */
export async function takeTour(address: string, print: (line: string) => void): Promise<void> {
  const ask = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(new URL(path, address), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
    print(`\n${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}\n  -> ${answer.status} ${summary(answer.body)}`)
    return answer
  }

  print('\n1. writer: make a group and let somebody in. Once they are there, from an earlier start, the answer is 409.')
  await ask('POST', '/groups', { name: 'Choir', description: 'Sings on Tuesdays' })
  await ask('POST', '/groups/1/members', { name: 'Ada', email: 'ada@example.com' })

  print('\n2. reader: list the groups.')
  await ask('GET', '/groups')

  print('\n3. reader cannot write: a handler tries it, and is refused before a statement is sent.')
  await ask('POST', '/mistake')

  print('\n4. logger: each change that was asked for has its line, the refused one too.')
  await ask('GET', '/audit')

  print('\n5. status: this request has opened a session on reader alone, and no other request has left one open.')
  await ask('GET', '/status')
}

/** One line for each item of a list. */
function summary(body: unknown): string {
  if (!Array.isArray(body)) return JSON.stringify(body)
  return body.map((item) => `\n     ${JSON.stringify(item)}`).join('')
}
