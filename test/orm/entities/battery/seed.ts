// The rows that every scenario starts from.
import type { SqlEntityManager } from '@mikro-orm/sql'

const TABLES = ['author_admires', 'book_tags', 'chapter', 'book', 'tag', 'shelf', 'publisher', 'profile', 'author']
const SEQUENCES = ['author', 'profile', 'publisher', 'tag', 'book']

const ROWS = [
  `insert into author (name, mail, address_street, address_city, address_rent, contact, settings) values
    ('Ada', 'ada@example.org', 'High Street 1', 'London', '400.00', '{"mail":"a@l.org","phone":"1","fee":"1.50"}', '{"theme":"dark","fonts":["serif"]}'),
    ('Ben', 'ben@example.org', null, null, null, null, null),
    ('Cid', 'cid@example.org', null, null, null, null, null)`,
  `insert into profile (bio, author_id) values ('Bio of Ada', 1), ('Bio of Ben', 2), ('Nobody yet', null)`,
  `insert into publisher (name, kind, city, owner_id) values ('North House', 'house', 'Oslo', null), ('Small Press', 'imprint', null, 1)`,
  `insert into tag (name, broader_id) values ('science', null), ('physics', 1), ('travel', null)`,
  `insert into book_tags (book_id, tag_id) values (1, 1), (1, 2), (2, 3)`,
  `insert into chapter (book_id, number, title) values (1, 1, 'One'), (1, 2, 'Two')`,
  `insert into author_admires (author_1_id, author_2_id) values (1, 2), (2, 3)`,
]

const books = (prefix: string): string[] => [
  `insert into shelf (mark, capacity) values ('${prefix}:A-1', 10), ('${prefix}:B-2', 20)`,
  `insert into book (title, genre, price, version, author_id, publisher_id, shelf_mark) values
    ('Numbers', 'essay', '12.50', 1, 1, 1, '${prefix}:A-1'),
    ('Islands', 'novel', '9.99', 1, 1, 2, '${prefix}:A-1'),
    ('Storms', 'poetry', null, 1, 2, 1, null)`,
]

/** Empties the tables, lets keys start at 1 again, and puts the rows in. */
export async function seed(em: SqlEntityManager): Promise<void> {
  const postgres = em.getPlatform().constructor.name === 'PostgreSqlPlatform'
  const empty = TABLES.map((table) => `delete from ${table}`)
  const [people, profiles, publishers, ...others] = ROWS
  const rows = [people, profiles, publishers, ...books(postgres ? 'pg' : 'sqlite'), ...others] as string[]
  const connection = em.getConnection()
  if (postgres) {
    // TRUNCATE would be slow for so few rows, and one message is faster than twenty.
    await connection.execute([...empty, ...SEQUENCES.map((table) => `alter sequence ${table}_id_seq restart`), ...rows].join(';'))
  } else {
    for (const statement of ['pragma synchronous = off', ...empty, 'delete from sqlite_sequence', ...rows]) await connection.execute(statement)
  }
}
