"""What is in the data folder: lost, of an earlier version, full."""
import os
import random
import re
import sqlite3
import subprocess
import time

from daemon import PATIENCE, ROOT, Daemon, cgi, expect, module

ENV_GUEST = "rust196_image_cgi_wasi.wasm"


def data_file(daemon, name):
    return os.path.join(daemon.data, name)


def client_file(daemon):
    return os.path.join(daemon.config, "selvage", "client.json")


def test_a_key_that_was_lost_is_not_replaced_while_secrets_need_it():
    with Daemon() as daemon:
        daemon.deploy_well("site", module(ENV_GUEST), secrets={"API_KEY": "hush-hush"})
        daemon.stop()
        key = data_file(daemon, "secret.key")
        os.rename(key, key + ".away")
        daemon.does_not_start("secret.key is missing, and 1 secrets are sealed with it")
        expect(not os.path.exists(key), "it made another key all the same")
        with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(bytes(32))
        daemon.does_not_start("sealed with another key")
        os.rename(key + ".away", key)
        daemon.start()
        expect("API_KEY=hush-hush" in daemon.get("site", "/env")[1], "the secret is lost")
        daemon.fine("PATCH", "/v1/deployments/site/secrets", {"API_KEY": None})
        daemon.stop()
        os.unlink(key)
        daemon.start() # nothing is lost with it
        expect(os.stat(key).st_size == 32, "no new key")


def test_the_first_token_is_told_until_its_owner_has_it():
    with Daemon() as daemon:
        daemon.stop()
        pending = data_file(daemon, "first.token")
        expect(not os.path.exists(pending), "the token is still in the data folder")
        for is_written in (False, True): # before client.json was written, and behind that
            with open(pending, "w") as file:
                file.write(daemon.token)
            if not is_written:
                os.unlink(client_file(daemon))
            daemon.start()
            expect("client.json" in daemon.greeting + daemon.process.stdout.readline().decode(),
                   daemon.greeting)
            expect(daemon.wait_for_token() == daemon.token, "another token")
            daemon.fine("GET", "/v1/deployments")
            expect(len(daemon.fine("GET", "/v1/tokens")["tokens"]) == 1, "two tokens")
            daemon.stop()
            expect(not os.path.exists(pending), "the token is still in the data folder")


def test_a_first_start_that_is_killed_leaves_a_token_that_works():
    chance = random.Random(20261127)
    for _ in range(3 if os.environ.get("QUICK") else 12):
        daemon = Daemon()
        process = subprocess.Popen(daemon.command(), env=daemon.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.0, 0.15))
        process.kill()
        process.wait()
        with daemon:
            daemon.fine("GET", "/v1/deployments")
            expect(len(daemon.fine("GET", "/v1/tokens")["tokens"]) == 1, "a token that nobody knows")


def migrations():
    """The changes of schema.def: number and SQL."""
    with open(os.path.join(ROOT, "platform", "schema.def")) as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    found = re.findall(r'MIGRATION\((\d+),((?:\s*"[^"]*")+)\)', text)
    return [(int(number), "".join(re.findall(r'"([^"]*)"', sql))) for number, sql in found]


def as_of_version(path, version):
    """Make the database what it would be if its rows had been written by that version of the schema."""
    now = sqlite3.connect(path)
    then = sqlite3.connect(path + ".then")
    for number, sql in migrations():
        if number <= version:
            then.executescript(sql)
    then.execute(f"PRAGMA user_version = {version}")
    for (table,) in then.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                                 ).fetchall():
        columns = ", ".join(row[1] for row in then.execute(f"PRAGMA table_info({table})"))
        rows = now.execute(f"SELECT {columns} FROM {table}").fetchall()
        marks = ", ".join("?" * (columns.count(",") + 1))
        then.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
    then.commit()
    then.close()
    now.close()
    for end in ("", "-wal", "-shm"):
        if os.path.exists(path + end):
            os.unlink(path + end)
    os.rename(path + ".then", path)


def test_a_database_of_every_earlier_version_is_brought_up_to_date():
    newest = migrations()[-1][0]
    expect([number for number, _ in migrations()] == list(range(1, newest + 1)), "numbers of migrations")
    with Daemon() as daemon:
        daemon.deploy_well("site", module(ENV_GUEST), env={"A": "b"}, secrets={"API_KEY": "hush-hush"})
        daemon.deploy_well("site", cgi("two"))
        other = daemon.fine("POST", "/v1/tokens", {"tenant": "beta", "role": "deploy"})["token"]
        daemon.deploy_well("theirs", cgi("theirs"), token=other)
        limit = time.monotonic() + PATIENCE
        while daemon.fine("GET", "/v1/deployments/site")["tier"] != "release":
            expect(time.monotonic() < limit, "no release tier")
            time.sleep(0.05)
        shown = daemon.fine("GET", "/v1/deployments/site")
        path = data_file(daemon, "selvage.db")
        for version in range(1, newest):
            daemon.stop()
            as_of_version(path, version)
            daemon.start()
            found = daemon.fine("GET", "/v1/deployments/site")
            for answer in (found, shown): # the release tier comes when it comes
                for one in answer["versions"]:
                    one.pop("tier", None)
            for kept in ("name", "version", "env", "secrets", "created", "versions"):
                expect(found[kept] == shown[kept], f"from {version}: {kept}: {found[kept]}, not {shown[kept]}")
            daemon.says("site", "two")
            daemon.says("theirs", "theirs")
            daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 1})
            expect("API_KEY=hush-hush" in daemon.get("site", "/env")[1], "the secret is lost")
            daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 2})
            expect(len(daemon.fine("GET", "/v1/audit")["entries"]) > 2, "the audit log is lost")
            database = sqlite3.connect(path)
            (found,) = database.execute("PRAGMA user_version").fetchone()
            unknown = database.execute("SELECT count(*) FROM compiled WHERE size = 0").fetchone()
            database.close()
            expect(found == newest and unknown == (0,), f"{found}, {unknown}")


def test_a_change_of_the_schema_that_fails_changes_nothing():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        daemon.stop()
        path = data_file(daemon, "selvage.db")
        as_of_version(path, 1)
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE version_by_artifact (x)") # in the way of the second change
        database.commit()
        before = database.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
        daemon.does_not_start("version_by_artifact")
        after = database.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
        expect(before == after and database.execute("PRAGMA user_version").fetchone() == (1,), "half of it")
        database.execute("DROP TABLE version_by_artifact")
        database.commit()
        database.close()
        daemon.start()
        daemon.says("site", "x")
