// Databases that were there before: made by MikroORM with its own names, or by hand with ours.
import t from 'tap'
import { cases, expected } from './cases.ts'
import { databases, diffOf, engineOn, lines, plainOn } from './databases.ts'

// Many databases are made and dropped.
t.setTimeout(120_000)

for (const make of databases) {
  t.test(`a database that plain MikroORM has made is renamed once (${make.name})`, async (t) => {
    for (const title of ['Indexes and unique constraints, several with the same first column', 'Table-per-type inheritance']) {
      const given = cases.find((candidate) => candidate.title === title)!
      const database = await make(t)
      await (await plainOn(t, database, { ...given.options, entities: given.options.entities as never })).schema.create()
      const orm = await engineOn(t, database, given.options)
      t.not(await diffOf(orm), '')
      await orm.schema.update()
      t.equal(await diffOf(orm), '')
      // MikroORM does not compare the names of primary keys, and on SQLite not those of foreign keys: they stay what they were.
      const unseen = database.dialect === 'SQLite' ? /^[pf]k / : /^pk /
      const seen = (names: readonly string[]): string[] => names.filter((name) => !unseen.test(name))
      t.strictSame(seen(lines(await database.names())), seen(expected(given, database.dialect)))
    }
  })
}

const MADE_BY_HAND = {
  PostgreSQL: `
    create table teams (id serial, name varchar(255) not null, constraint pk_teams primary key (id));
    create table lockers (id serial, constraint pk_lockers primary key (id));
    create table players (id serial, team_id int not null, former_team_id int, locker_id int not null, shirt int not null,
      constraint pk_players primary key (id), constraint uq_players_locker_id unique (locker_id),
      constraint fk_players_team_id_teams foreign key (team_id) references teams (id),
      constraint where_the_player_was foreign key (former_team_id) references teams (id) on delete set null,
      constraint fk_players_locker_id_lockers foreign key (locker_id) references lockers (id));
    create index ix_players_team_id_shirt on players (team_id, shirt);`,
  SQLite: `
    create table teams (id integer not null primary key autoincrement, name text not null);
    create table lockers (id integer not null primary key autoincrement);
    create table players (id integer not null primary key autoincrement, team_id integer not null, former_team_id integer null, locker_id integer not null, shirt integer not null,
      constraint fk_players_team_id_teams foreign key (team_id) references teams (id),
      constraint where_the_player_was foreign key (former_team_id) references teams (id) on delete set null,
      constraint fk_players_locker_id_lockers foreign key (locker_id) references lockers (id));
    create unique index uq_players_locker_id on players (locker_id);
    create index ix_players_team_id on players (team_id);
    create index ix_players_former_team_id on players (former_team_id);
    create index ix_players_team_id_shirt on players (team_id, shirt);`,
}

for (const make of databases) {
  t.test(`a database made by hand with these names shows no diff (${make.name})`, async (t) => {
    const { options } = cases.find(({ title }) => title === 'Relations')!
    const database = await make(t)
    await database.run(MADE_BY_HAND[database.dialect])
    t.equal(await diffOf(await engineOn(t, database, options)), '')
    t.not(await diffOf(await plainOn(t, database, options)), '', 'while by MikroORM’s names it does')
  })
}
