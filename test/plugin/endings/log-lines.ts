// What an application has written to its log, through Fastify's own logger.

export class LogLines {
  readonly lines: Record<string, unknown>[] = []

  /** Called by the logger, with one line of JSON. */
  write(line: string): void {
    this.lines.push(JSON.parse(line) as Record<string, unknown>)
  }
}
