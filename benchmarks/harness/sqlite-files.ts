import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { BOOKS } from './database.ts'

/** Files of SQLite with the same tables, each for one process; in memory where the system has such files, so that a disk plays no part. */
export class SqliteFiles {
  readonly #folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sqlassist-bench-'))
  #made = 0

  constructor() {
    const db = new SQLite(this.#template)
    db.pragma('journal_mode = wal')
    db.exec(`
      create table book (id integer primary key, title text not null, pages integer not null);
      create table note (id integer primary key, text text not null);
      with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${BOOKS}) insert into book select n, 'Book ' || n, n % 500 from numbers;`)
    db.close()
  }

  make(): string {
    const file = join(this.#folder, `${this.#made++}.sqlite`)
    copyFileSync(this.#template, file)
    return file
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #template(): string {
    return join(this.#folder, 'template.sqlite')
  }
}
