import t from 'tap'
import { Bag } from '../../orm/bag.ts'

class Item {
  $place = -1
}

t.test('what is put into a bag is in it, once, until it is taken out', (t) => {
  const bag = new Bag<Item>()
  const [a, b, c] = [new Item(), new Item(), new Item()]
  for (const item of [a, b, c, b]) bag.add(item)
  t.equal(bag.size, 3)
  bag.delete(a)
  t.same([bag.has(a), bag.has(b), bag.has(c)], [false, true, true])
  bag.delete(a)
  t.equal(bag.size, 2, 'twice is once')
  bag.add(a)
  t.same(new Set(bag), new Set([a, b, c]))
  for (const item of bag) bag.delete(item)
  t.equal(bag.size, 0, 'also while somebody goes through it')
  t.end()
})

t.test('as a Set does, whatever comes and goes', (t) => {
  const [bag, set] = [new Bag<Item>(), new Set<Item>()]
  const items = Array.from({ length: 20 }, () => new Item())
  for (let turn = 0; turn < 2000; turn++) {
    const item = items[Math.floor(Math.random() * items.length)]!
    const into = Math.random() < 0.5
    for (const it of [bag, set]) it[into ? 'add' : 'delete'](item)
    if (bag.size !== set.size || items.some((one) => bag.has(one) !== set.has(one))) t.fail(`after ${turn} turns`)
  }
  t.same(new Set(bag), set)
  t.end()
})
