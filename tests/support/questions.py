"""Loads batches of ndjson and asks the ten questions; JSON on standard output. Arguments: docs/sql, then the batches."""
import json
import sys

import duckdb

sql, batches = sys.argv[1], sys.argv[2:]
read = lambda name: open(f"{sql}/{name}", encoding="utf-8").read()
db = duckdb.connect()
db.execute("set timezone = 'UTC'")
db.execute(read("duckdb.sql"))
for batch in batches:
    # The second time changes nothing.
    for _ in range(2):
        db.execute(f"set variable results = '{batch}'")
        db.execute(read("duckdb-load.sql"))
count = lambda table: db.execute(f"select count(*) from {table}").fetchone()[0]
questions = [text for text in read("questions.sql").split(";") if "select" in text]
answers = [[list(row) for row in db.execute(text).fetchall()] for text in questions]
tables = {table: count(table) for table in ("captures", "notes", "calls", "pages", "hints", "each_call", "faxes")}
uids = db.execute("select count(*) from calls where call_id is not null and length(call_uid) <> 32").fetchone()[0]
json.dump({"tables": tables, "answers": answers, "odd_uids": uids}, sys.stdout, default=str)
