// What has become of the pairs.
import { Tally } from '../../soak/tally.ts'
import { Times } from '../../soak/times.ts'
import type { Answer } from '../client.ts'
import type { Sources } from '../sources.ts'

export class Verdicts {
  readonly sources: Sources
  readonly stale = new Tally()
  readonly pairs = new Tally()
  readonly errors = new Tally()
  readonly took = new Times()

  constructor(sources: Sources) {
    this.sources = sources
  }

  get size(): number {
    return sum(this.pairs)
  }

  get staleSize(): number {
    return sum(this.stale)
  }

  written(answer: Answer): boolean {
    if (answer.status !== 200) this.errors.add(`write: ${answer.code}`)
    return answer.status === 200
  }

  judge(name: string, { value }: { readonly value: number }, answer: Answer): void {
    if (answer.status !== 200) return this.errors.add(`read: ${answer.code}`)
    this.pairs.add(name)
    this.sources.add(answer)
    this.took.add(answer.tookMs)
    if (answer.reads[0]?.value !== value) this.stale.add(name)
  }
}

const sum = (tally: Tally): number => [...tally.values()].reduce((all, count) => all + count, 0)
