"""Other ways to do the same search, over the same listings, for comparison: the first page, the total, the counts.

They count facets as narrowed (no siblings), which is less work than ours. None of them knows synonyms or exclusions.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from django.db import connection

from ..document import SearchRow
from ..facets import BY_NAME, COUNTED_TOGETHER, FACETS, category_tree
from ..filters import Filters
from ..normalise import RUN
from ..query import Query
from ..statement import counts_of

FACET_COLUMNS = [kind.column for kind in FACETS]
COLUMNS = ["listing_id", "seed", "price", "availability", *FACET_COLUMNS]
PAGE = 20


def plain(row: SearchRow) -> str:
    """The canonical text of a row; its first line is the name."""
    return row.body.replace("<", "").replace(">", "")


def facet_conditions(filters: Filters) -> list[str]:
    """The filters as conditions on the facet columns and prices; numbers only, so they are written out."""
    masks = {node.slug: node.mask for node in category_tree()}
    found = []
    for name, values in filters.chosen.items():
        kind = BY_NAME[name]
        if name == "category":
            mask = 0
            for value in values:
                mask |= masks[value]
            found.append(f"(categories & {mask}) <> 0")
        elif kind.many:
            found.append(f"({kind.column} & {kind.mask(values)}) <> 0")
        else:
            found.append(f"{kind.column} IN ({', '.join(str(kind.codes[value]) for value in values)})")
    return found + [condition % value for condition, value in filters.conditions()]


class Trigram:
    """The usual design in PostgreSQL: ILIKE on one text column under a pg_trgm index."""

    name = "PostgreSQL pg_trgm ILIKE"

    def __init__(self, folder: Path):
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("DROP TABLE IF EXISTS bench_trigram")
            cursor.execute(
                "CREATE TABLE bench_trigram (listing_id bigint PRIMARY KEY, seed int, price bigint, availability int,"
                " categories bigint, targets int, certifications int, integrations int, deliveries int, startup int,"
                " sme int, price_band int, availability_band int, standard_tasks int, name text, text text)"
            )

    def load(self, rows: Iterable[SearchRow]) -> None:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY bench_trigram ({', '.join(COLUMNS)}, name, text) FROM STDIN") as copy,
        ):
            for row in rows:
                text = plain(row)
                copy.write_row([*(getattr(row, column) for column in COLUMNS), text.split("\n")[0], text])

    def finish(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE INDEX ON bench_trigram USING gin (text gin_trgm_ops)")
            cursor.execute("ANALYZE bench_trigram")

    def search(self, query: Query, filters: Filters) -> int:
        words = [f"%{term.text}%" for term in query.wanted]
        where = " AND ".join(["true", *["text ILIKE %s"] * len(words), *facet_conditions(filters)])
        in_name = " AND ".join(["name IS NOT NULL", *["name ILIKE %s"] * len(words)])
        statement = (
            f"WITH found AS MATERIALIZED (SELECT listing_id, seed, name, {', '.join(FACET_COLUMNS)}"
            f" FROM bench_trigram WHERE {where}), page AS (SELECT listing_id FROM found"
            f" ORDER BY ({in_name}) DESC, seed LIMIT {PAGE})"
            f" SELECT -1, listing_id, 0, 0, 0 FROM page UNION ALL {counts_of('found')}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, words + words)
            return sum(row[4] for row in cursor.fetchall() if row[0] == 0)

    def size(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_indexes_size('bench_trigram')")
            return cursor.fetchone()[0]


class Fts5:
    """SQLite's full-text index with its trigram tokeniser; what is shorter than three characters is scanned for."""

    name = "SQLite FTS5 trigram"

    def __init__(self, folder: Path):
        self.path = folder / "fts5.sqlite"
        self.database = sqlite3.connect(self.path)
        self.database.execute("CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = 'trigram')")
        self.database.execute(f"CREATE TABLE listings (listing_id INTEGER PRIMARY KEY, {', '.join(COLUMNS[1:])}, name)")

    def load(self, rows: Iterable[SearchRow]) -> None:
        for row in rows:
            text = plain(row)
            values = [*(getattr(row, name) for name in COLUMNS), text.split("\n")[0]]
            self.database.execute(f"INSERT INTO listings VALUES ({', '.join('?' * len(values))})", values)
            self.database.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", [row.listing_id, text])

    def finish(self) -> None:
        self.database.execute("INSERT INTO texts (texts) VALUES ('optimize')")
        self.database.commit()
        self.database.execute("ANALYZE")

    def search(self, query: Query, filters: Filters) -> int:
        words = [term.text for term in query.wanted]
        long, short = [word for word in words if len(word) > 2], [word for word in words if len(word) < 3]
        conditions, parameters = ["1"], []
        if long:
            conditions.append("texts MATCH ?")
            parameters.append(" AND ".join('"' + word.replace('"', '""') + '"' for word in long))
        conditions += ["instr(text, ?) > 0"] * len(short)  # its LIKE crashes SQLite 3.40 on a trigram table
        parameters += short
        in_name = " AND ".join(["1", *["instr(name, ?) > 0"] * len(words)])
        columns = ", ".join(FACET_COLUMNS)
        found = (
            f"SELECT listing_id, seed, {in_name} AS in_name, {columns} FROM texts CROSS JOIN listings ON listing_id = texts.rowid"
            if words
            else f"SELECT listing_id, seed, 1 AS in_name, {columns} FROM listings"
        )
        counts = " UNION ALL ".join(
            f"SELECT {number}, {', '.join([*(BY_NAME[name].column for name in names), '0', '0'][:3])}, count(*)"
            f" FROM found GROUP BY {', '.join(BY_NAME[name].column for name in names)}"
            for number, names in enumerate(COUNTED_TOGETHER)
        )
        # A table, because SQLite works a MATERIALIZED step out again for each use.
        self.database.execute("DROP TABLE IF EXISTS temp.found")
        where = " AND ".join([*conditions, *facet_conditions(filters)])
        self.database.execute(
            f"CREATE TEMP TABLE found AS {found} WHERE {where}", (words + parameters) if words else parameters
        )
        page = f"SELECT -1, listing_id, 0, 0, 0 FROM found ORDER BY in_name DESC, seed LIMIT {PAGE}"
        rows = self.database.execute(f"SELECT * FROM ({page}) UNION ALL {counts}").fetchall()
        return sum(row[4] for row in rows if row[0] == 0)

    def size(self) -> int:
        self.database.commit()
        return self.path.stat().st_size


class Tantivy:
    """An embedded full-text engine: character pairs with positions, phrases, BM25, the name boosted."""

    name = "tantivy"

    def __init__(self, folder: Path):
        import tantivy

        self.tantivy = tantivy
        self.folder = folder / "tantivy"
        self.folder.mkdir()
        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("listing_id", fast=True)
        for name in ("price", "availability"):
            schema.add_integer_field(f"{name}_number", indexed=True, fast=True)
        for name in ("name", "text"):
            schema.add_text_field(name, tokenizer_name="whitespace", index_option="position")
        for kind in FACETS:
            schema.add_text_field(kind.name, tokenizer_name="raw", fast=True, index_option="basic")
        self.schema = schema.build()
        self.index = tantivy.Index(self.schema, path=str(self.folder))
        self.writer = None
        self.codes = {
            kind.name: [(value, 1 << code if kind.many else code) for value, code in kind.codes.items()]
            for kind in FACETS
        }
        self.codes["category"] = [(node.slug, node.mask) for node in category_tree()]

    @staticmethod
    def pairs(text: str) -> list[str]:
        words: list[str] = []
        for match in RUN.finditer(text):
            run = match.group()
            words += [run[i : i + 2] for i in range(len(run) - 1)] + [run[-1]] if match["cjk"] else [run]
        return words

    def load(self, rows: Iterable[SearchRow]) -> None:
        self.writer = self.writer or self.index.writer(heap_size=200_000_000, num_threads=1)
        for row in rows:
            text = plain(row)
            document = self.tantivy.Document()
            document.add_unsigned("listing_id", row.listing_id)
            for name in ("price", "availability"):
                if (value := getattr(row, name)) is not None:
                    document.add_integer(f"{name}_number", value)
            document.add_text("name", " ".join(self.pairs(text.split("\n")[0])))
            document.add_text("text", " ".join(self.pairs(text)))
            for kind in FACETS:
                stored = getattr(row, kind.column)
                for value, code in self.codes[kind.name]:
                    if stored & code if kind.many else stored == code:
                        document.add_text(kind.name, value)
            self.writer.add_document(document)

    def finish(self) -> None:
        self.writer.commit()
        self.writer.wait_merging_threads()  # which is the end of this writer
        self.writer = None
        self.index.reload()
        self.searcher = self.index.searcher()

    def _term(self, field: str, text: str):
        query, parts = self.tantivy.Query, []
        for match in RUN.finditer(text):
            run = match.group()
            if not match["cjk"] or len(run) == 1:
                parts.append(query.regex_query(self.schema, field, f"{run}.*"))
            elif len(run) == 2:
                parts.append(query.term_query(self.schema, field, run))
            else:
                parts.append(query.phrase_query(self.schema, field, [run[i : i + 2] for i in range(len(run) - 1)]))
        return query.boolean_query([(self.tantivy.Occur.Must, part) for part in parts])

    def search(self, query: Query, filters: Filters) -> int:
        q, occur = self.tantivy.Query, self.tantivy.Occur
        clauses = [(occur.Must, self._term("text", term.text)) for term in query.wanted]
        clauses += [(occur.Should, q.boost_query(self._term("name", term.text), 20.0)) for term in query.wanted]
        for name, values in filters.chosen.items():
            clauses.append((occur.Must, q.term_set_query(self.schema, name, list(values))))
        for name, low, high in (
            ("price", filters.price_min, filters.price_max),
            ("availability", filters.availability_min and int(filters.availability_min * 1000), None),
        ):
            if low is not None or high is not None:
                between = q.range_query(
                    self.schema,
                    f"{name}_number",
                    self.tantivy.FieldType.Integer,
                    low or 0,
                    2**62 if high is None else high,
                )
                clauses.append((occur.Must, between))
        question = q.boolean_query(clauses) if clauses else q.all_query()
        found = self.searcher.search(question, limit=PAGE, count=True)
        for _score, address in found.hits:
            self.searcher.doc(address)
        self.searcher.aggregate(question, {kind.name: {"terms": {"field": kind.name, "size": 64}} for kind in FACETS})
        return found.count

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


PEERS = {"trigram": Trigram, "fts5": Fts5, "tantivy": Tantivy}
