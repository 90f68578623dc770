/** Names that a source file has already, or that MikroORM takes for those of types, so that no class may take them. */
const TAKEN_CLASSES = new Set([
  'Array', 'ArrayType', 'Bigint', 'Boolean', 'Buffer', 'Check', 'Collection', 'Date', 'Decimal', 'DeclaredTable', 'Double', 'Entity', 'Enum', 'Error', 'Function', 'Index',
  'Interval', 'Json', 'Jsonb', 'ManyToMany', 'ManyToOne', 'Map', 'Number', 'Numeric', 'Object', 'OneToOne', 'OptionalProps', 'PrimaryKey', 'PrimaryKeyProp', 'Promise', 'Property',
  'Ref', 'Set', 'String', 'Symbol', 'Uint8Array', 'Unique', 'UtilityObject',
])

/** Members that every entity has, or that mean something else to JavaScript or MikroORM. */
const TAKEN_PROPERTIES = new Set([
  '__proto__', 'constructor', 'prototype', 'toJSON', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString',
  'columnsAsObject', 'loadedColumnsAsObject', 'loadedColumnsAsList', 'getDbSession', 'getRequest',
])

/** The words of a database name: `order_details`, `Order Details`, `OrderDetails` and `OrderDETAILS` have two. */
export function wordsOf(name: string): string[] {
  return name
    .normalize('NFC')
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()

/** `order_details` → `OrderDetails`; never a name that the file needs for something else. */
export function classNameOf(table: string): string {
  const name = identifier(wordsOf(table).map(capital).join(''), 'Table')
  return TAKEN_CLASSES.has(name) ? `${name}Table` : name
}

/** `unit_price`, `UnitPrice`, `Unit Price` → `unitPrice`. */
export function propertyNameOf(column: string): string {
  const [first = '', ...rest] = wordsOf(column)
  const name = identifier(first.toLowerCase() + rest.map(capital).join(''), 'column')
  return TAKEN_PROPERTIES.has(name) ? `${name}Column` : name
}

/** A property that leads to another entity is named after its column, without what says that the column holds a key. */
export function relationNameOf(column: string, referencedColumn: string, target: string): string {
  const words = wordsOf(column)
  const suffix = wordsOf(referencedColumn)
  const last = suffix.at(-1)?.toLowerCase() ?? ''
  const bare = words.length > 1 && [last, 'id'].includes(words.at(-1)!.toLowerCase()) ? words.slice(0, -1) : words
  // `artist_id` that refers to `artist_id` is the artist; `code` that refers to `code` would be the code of itself.
  return bare.length === words.length && column.toLowerCase() === referencedColumn.toLowerCase() ? propertyNameOf(target) : propertyNameOf(bare.join(' '))
}

/** A rough English plural: a name for a collection, and no more than that. */
export function plural(name: string): string {
  if (/(?:s|x|z|ch|sh)$/.test(name)) return /[^s]s$/.test(name) ? name : `${name}es`
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`
}

/** The name, or the first of name2, name3 ... that is free; takes it. */
export function unique(name: string, taken: Set<string>): string {
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name}${number}`
  taken.add(free)
  return free
}

function identifier(name: string, otherwise: string): string {
  if (name === '') return otherwise
  return /^\p{ID_Start}/u.test(name) ? name : `_${name}`
}
