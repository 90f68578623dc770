import t from 'tap'
import { blocksRatio, bootstrap, median, quantile, ratioOf, seeded, shuffled, slopeOf } from '../../benchmarks/harness/statistics.ts'

t.test('medians and quantiles', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.equal(median([7]), 7)
  t.ok(Number.isNaN(median([])), 'nothing was measured')
  t.equal(quantile([0, 10], 0.25), 2.5)
  t.equal(quantile([5, 1, 3], 1), 5)
})

t.test('a ratio lies in its interval, which is wider the more the processes differ', async (t) => {
  const close = ratioOf([200, 201, 202, 203, 204], [100, 101, 102, 103, 104])
  t.equal(close.value, 202 / 102)
  t.ok(close.from < close.value && close.value < close.to, JSON.stringify(close))
  const far = ratioOf([100, 150, 202, 250, 300], [50, 80, 102, 130, 150])
  t.equal(far.value, close.value)
  t.ok(far.to - far.from > 5 * (close.to - close.from), JSON.stringify({ close, far }))
  t.strictSame(ratioOf([6], [3]), { value: 2, from: 2, to: 2 }, 'one process knows nothing of others')
})

t.test('a difference inside a process is seen although processes differ by more', async (t) => {
  const random = seeded(7)
  const processes = [100, 140, 90, 120].map((base) => Array.from({ length: 20 }, () => (base * (1 + random() / 50)) / (base * 1.1)))
  const { value, from, to } = blocksRatio(processes)
  t.ok(from > 0.9 && to < 0.95, JSON.stringify({ value, from, to }))
})

t.test('the slope of a line, and how sure it is', async (t) => {
  const random = seeded(3)
  const exact = slopeOf([[0, 5], [10, 25], [20, 45], [30, 65]])
  t.equal(exact.value, 2)
  const noisy = slopeOf(Array.from({ length: 40 }, (_, index) => [index, 3 * index + random() * 10] as const))
  t.ok(noisy.from < 3 && 3 < noisy.to && noisy.to - noisy.from < 0.5, JSON.stringify(noisy))
  t.equal(slopeOf([[1, 1]]).value, 0, 'a point has none')
})

t.test('the same samples always give the same interval', async (t) => {
  const values = [3, 1, 4, 1, 5]
  const again = (): unknown => bootstrap(median(values), (random) => values[Math.floor(random() * 5)]!)
  t.strictSame(again(), again())
})

t.test('shuffling loses nobody', async (t) => {
  t.strictSame(shuffled([1, 2, 3, 4, 5]).toSorted((a, b) => a - b), [1, 2, 3, 4, 5])
})
