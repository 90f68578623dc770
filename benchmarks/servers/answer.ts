/** Answers the process that has started this one, until it lets go. */
export function answer(questions: Readonly<Record<string, () => unknown>>): void {
  process.on('message', async (question: string) => {
    process.send!(await questions[question]!())
  })
  process.once('disconnect', () => process.exit())
}
