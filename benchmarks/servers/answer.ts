/** Answers the process that has started this one, until it lets go. */
export function answer(questions: Readonly<Record<string, () => unknown>>): void {
  process.on('message', async (question: string) => {
    process.send!(await questions[question]!())
  })
  process.once('disconnect', () => process.exit())
  if (!process.connected) process.exit() // it has let go meanwhile
}

/** Of this process since its beginning, all threads. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
