// How much of the heap stays in use, in bytes a request.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Compiled code comes and goes as the engine likes, by more than what is looked for here. */
const CODE = /code|trusted/

/** What fits the samples best, and how sure that is. */
export interface Slope {
  readonly bytesPerRequest: number
  /** The standard error of it. */
  readonly error: number
}

interface Sample {
  readonly requests: number
  readonly objects: number
  readonly code: number
}

export class Heap {
  readonly #samples: Sample[] = []

  /** To be called when nothing is at work. Twice: what is only held by a finalizer goes with the second one. */
  async sample(requests: number): Promise<void> {
    for (const _ of [1, 2]) {
      collectGarbage()
      await new Promise(setImmediate)
    }
    this.#samples.push({ requests, objects: used(false), code: used(true) })
  }

  /** The slope of the objects over the last half of the samples. */
  get slope(): Slope {
    return this.#slope(({ objects }) => objects)
  }

  toString(): string {
    const last = this.#samples.at(-1)!
    return `${words(this.slope)} of ${mebibytes(last.objects)}; compiled code ${words(this.#slope(({ code }) => code))} of ${mebibytes(last.code)}`
  }

  #slope(value: (sample: Sample) => number): Slope {
    return slopeOf(this.#samples.slice(Math.floor(this.#samples.length / 2)).map((sample) => [sample.requests, value(sample)]))
  }
}

function used(code: boolean): number {
  return getHeapSpaceStatistics().reduce((sum, { space_name: name, space_used_size: size }) => (CODE.test(name) === code ? sum + size : sum), 0)
}

const words = ({ bytesPerRequest, error }: Slope): string => `${bytesPerRequest.toFixed(2)} ± ${error.toFixed(2)}`
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** Linear regression. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const sum = (value: (x: number, y: number) => number): number => points.reduce((total, [x, y]) => total + value(x, y), 0)
  const [meanX, meanY] = [sum((x) => x) / points.length, sum((_x, y) => y) / points.length]
  const spread = sum((x) => (x - meanX) ** 2)
  const bytesPerRequest = sum((x, y) => (x - meanX) * (y - meanY)) / spread
  const left = sum((x, y) => (y - meanY - bytesPerRequest * (x - meanX)) ** 2)
  return { bytesPerRequest, error: Math.sqrt(left / (points.length - 2) / spread) }
}
