// Names of the database as names of a program.
import t from 'tap'
import { classNameOf, plural, propertyNameOf, relationNameOf, unique } from '../../../../orm/models/reflection/names.ts'
import { literal } from '../../../../orm/models/reflection/scalars.ts'
import { Code, keyOf, print } from '../../../../orm/models/reflection/source/literal.ts'

t.test('classes', async (t) => {
  const names = {
    film_actor: 'FilmActor', 'Order Details': 'OrderDetails', CustomerID: 'CustomerId', HTTPServer: 'HttpServer', '2024_sales': '_2024Sales', Straße: 'Straße', '': 'Table',
    'a.b-c': 'ABC', index: 'IndexTable', utility_object: 'UtilityObjectTable', '名前': '名前',
  }
  t.strictSame(Object.fromEntries(Object.keys(names).map((name) => [name, classNameOf(name)])), names)
})

t.test('properties', async (t) => {
  const names = { unit_price: 'unitPrice', UnitPrice: 'unitPrice', ' Unit  Price ': 'unitPrice', ID: 'id', '1st': '_1st', constructor: 'constructorColumn', to_json: 'toJson', get_request: 'getRequestColumn', '%': 'column' }
  t.strictSame(Object.fromEntries(Object.keys(names).map((name) => [name, propertyNameOf(name)])), names)
})

t.test('relations', async (t) => {
  t.equal(relationNameOf('language_id', 'language_id', 'language'), 'language')
  t.equal(relationNameOf('ArtistId', 'ArtistId', 'Artist'), 'artist')
  t.equal(relationNameOf('reports_to', 'employee_id', 'employees'), 'reportsTo')
  t.equal(relationNameOf('boss_nr', 'nr', 'employee'), 'boss')
  t.equal(relationNameOf('id', 'id', 'person'), 'person')
  t.equal(relationNameOf('currency', 'code', 'currency'), 'currency')
})

t.test('collections', async (t) => {
  const plurals = { actor: 'actors', category: 'categories', day: 'days', box: 'boxes', church: 'churches', address: 'addresses', orders: 'orders', bus: 'bus' }
  t.strictSame(Object.fromEntries(Object.keys(plurals).map((name) => [name, plural(name)])), plurals)
})

t.test('no name twice', async (t) => {
  const taken = new Set<string>()
  t.strictSame(['a', 'a', 'b', 'a'].map((name) => unique(name, taken)), ['a', 'a2', 'b', 'a3'])
})

t.test('values as source text', async (t) => {
  for (const text of ['plain', "it's", '"quoted"', `'both' "of" them`, 'back\\slash', 'new\nline', '`${x}`', '\u2028', '*/ //']) {
    // oxlint-disable-next-line no-eval -- what is tested is that it is source text
    t.equal((0, eval)(literal(text)), text)
  }
  t.equal(print({ a: [1, 'x', true, null], b: {}, c: undefined, 'd-e': new Code('() => X') }), `{ a: [1, 'x', true, null], b: {}, 'd-e': () => X }`)
  const long = Array.from({ length: 40 }, (_, index) => `value ${index}`)
  t.equal(print({ long: { deep: long } }), `{\n  long: {\n    deep: [\n${long.map((value) => `      '${value}',\n`).join('')}    ],\n  },\n}`)
  t.strictSame(['straße', '_1', '1', 'a b'].map(keyOf), ['straße', '_1', `'1'`, `'a b'`])
})
