"""Stores, and the file of settings they come from."""
import json
import os
import struct
import subprocess
import tempfile

from script import Script
from serving import SELVAGE, Failure, Server, expect

SETTINGS = """
manifest_version = 3
[local_server.config_stores.settings]
format = "inline-toml"
contents = { greeting = "hello", empty = "" }
[local_server.config_stores.filed]
format = "json"
file = "config.json"
[[local_server.kv_stores.store]]
key = "k"
data = "inline"
metadata = "about it"
[[local_server.kv_stores.store]]
key = "from a file"
file = "value.bin"
[local_server.kv_stores.json]
format = "json"
file = "kv.json"
[[local_server.secret_stores.vault]]
key = "password"
data = "swordfish"
[[local_server.secret_stores.vault]]
key = "from.env"
env = "SELVAGE_TEST_SECRET"
[local_server.geolocation]
format = "inline-toml"
[local_server.geolocation.addresses."2001:0DB8::0001"]
city = "Somewhere"
latitude = 1.5
[local_server.something_else]
"""


class Settings:
    """A folder with a fastly.toml and the files that it names; as a context its path."""

    def __init__(self, text=SETTINGS):
        self.text = text

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="selvage-fastly-")
        for name, data in (("fastly.toml", self.text.encode()), ("config.json", b'{"a": "b"}'),
                           ("value.bin", bytes(range(256))), ("bad.json", b'{"a": 1}'),
                           ("kv.json", b'{"x": "1", "y": {"data": "2", "metadata": "m"}}')):
            with open(os.path.join(self.folder.name, name), "wb") as file:
                file.write(data)
        return os.path.join(self.folder.name, "fastly.toml")

    def __exit__(self, *unused):
        self.folder.cleanup()


def settings_server(guest, path):
    os.environ["SELVAGE_TEST_SECRET"] = "from the environment"
    return Server(guest, "--config", path)


def test_config_stores_and_dictionaries_give_values(guest):
    script = Script()
    store, value, length = script.out(), script.out(16), script.out()
    opened = script.call("config_store.open", "settings", store)
    script.call("config_store.get", store.value, "greeting", value, 16, length).name = "greeting"
    unknown = script.call("config_store.get", store.value, "other", value, 16, length)
    empty = script.call("dictionary.get", store.value, "empty", script.out(), 0, script.out())
    needed = script.out()
    short = script.call("config_store.get", store.value, "greeting", script.out(), 4, needed)
    none = script.call("dictionary.open", "none", script.out())
    stale = script.call("dictionary.get", 77, "a", script.out(), 0, script.out())
    filed, one = script.out(), script.out()
    script.call("dictionary.open", "filed", filed)
    from_file = script.call("dictionary.get", filed.value, "a", one, 4, script.out())
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    for call in (opened, empty, from_file):
        call.is_ok()
    expect(value.bytes[:length.u32] == b"hello", f"{value.bytes!r}")
    expect(one.bytes[:1] == b"b", f"{one.bytes!r}")
    expect(needed.u32 == 5, f"{needed.u32} bytes are needed")
    unknown.gives("NONE")
    short.gives("BUFLEN")
    none.gives("BADF")
    stale.gives("BADF")
    expect("local_server.something_else is not supported" in server.log_text, server.log_text)


def test_secrets_are_given(guest):
    script = Script()
    store, secret, again, text, length = (script.out(), script.out(), script.out(), script.out(32),
                                          script.out())
    script.call("secret_store.open", "vault", store)
    script.call("secret_store.get", store.value, "password", secret)
    script.call("secret_store.get", store.value, "password", again)
    script.call("secret_store.plaintext", secret.value, text, 32, length).name = "plaintext"
    made, made_text, made_length = script.out(), script.out(), script.out()
    script.call("secret_store.from_bytes", b"\0\1", made)
    script.call("secret_store.plaintext", made.value, made_text, 4, made_length)
    from_env, env_text, env_length = script.out(), script.out(32), script.out()
    script.call("secret_store.get", store.value, "from.env", from_env)
    script.call("secret_store.plaintext", from_env.value, env_text, 32, env_length)
    none = script.call("secret_store.get", store.value, "nothing", script.out())
    no_store = script.call("secret_store.open", "nothing", script.out())
    stale = script.call("secret_store.plaintext", 50, text, 32, length)
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    expect(text.bytes[:9] == b"swordfish" and secret.u32 == again.u32, "password")
    expect(made_text.bytes[:made_length.u32] == b"\0\1", f"{made_text.bytes!r}")
    expect(env_text.bytes[:env_length.u32] == b"from the environment", f"{env_text.bytes!r}")
    none.gives("NONE")
    no_store.gives("NONE")
    stale.gives("BADF")


class Kv:
    """Calls on one key-value store."""

    def __init__(self, script, name="store"):
        self.script, self.store = script, script.out()
        script.call("kv_store.open", name, self.store)

    def get(self, key):
        """Places of the body's bytes, metadata, generation and error."""
        script = self.script
        handle, body, metadata = script.out(), script.out(), script.out(16)
        count, generation, error = script.out(), script.out(8), script.out()
        script.call("kv_store.lookup", self.store.value, key, 0, 0, handle)
        script.call("kv_store.lookup_wait_v2", handle.value, body, metadata, 16, count, generation, error)
        return script.read(body, 512), metadata, generation, error

    def put(self, key, value, mode=0, mask=0, metadata=b"", lifetime=0, generation=None):
        script = self.script
        body, handle, error = script.out(), script.out(), script.out()
        about = script.data(metadata)
        config = script.take(32)
        script.poke(config, struct.pack("<IIIIIIQ", mode, 0, about.address, len(metadata), lifetime, 0,
                                        generation if isinstance(generation, int) else 0))
        if isinstance(generation, tuple):
            script.copy(config.address + 24, generation[1], 8)
        mask |= (8 if metadata else 0) | (16 if lifetime else 0) | (32 if generation is not None else 0)
        script.call("http_body.new", body)
        script.call("http_body.write", body.value, value, 0, script.out())
        script.call("kv_store.insert", self.store.value, key, body.value, mask, config, handle)
        script.call("kv_store.insert_wait", handle.value, error)
        return error

    def delete(self, key):
        handle, error = self.script.out(), self.script.out()
        self.script.call("kv_store.delete", self.store.value, key, 0, 0, handle)
        self.script.call("kv_store.delete_wait", handle.value, error)
        return error

    def list(self, prefix="", limit=0, cursor=""):
        script = self.script
        before, after = script.data(prefix), script.data(cursor)
        config, handle, body, error = script.take(24), script.out(), script.out(), script.out()
        script.poke(config, struct.pack("<IIIIII", 0, after.address, after.length, limit,
                                        before.address, before.length))
        mask = (2 if cursor else 0) | (4 if limit else 0) | (8 if prefix else 0)
        script.call("kv_store.list", self.store.value, mask, config, handle)
        script.call("kv_store.list_wait", handle.value, body, error)
        return script.read(body, 2048), error


OK, NOT_FOUND, PRECONDITION = 1, 3, 4


def test_key_value_stores_have_what_the_file_says(guest):
    script = Script()
    kv, other = Kv(script), Kv(script, "json")
    inline, filed, none = kv.get("k"), kv.get("from a file"), kv.get("nothing")
    y, listed = other.get("y"), other.list()
    no_store = script.call("kv_store.open", "nothing", script.out())
    invalid = script.call("kv_store.lookup", kv.store.value, "a/..", 0, 0, script.out())
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    expect(inline[0].bytes == b"inline" and inline[1].bytes[:8] == b"about it", f"{inline[0].bytes!r}")
    expect(inline[3].u32 == OK and inline[2].u64 > 0, "no generation")
    expect(filed[0].bytes == bytes(range(256)), f"{filed[0].bytes!r}")
    expect(none[3].u32 == NOT_FOUND, f"error {none[3].u32}")
    expect(y[0].bytes == b"2" and y[1].bytes[:1] == b"m", f"{y[0].bytes!r}")
    expect(json.loads(listed[0].bytes)["data"] == ["x", "y"], f"{listed[0].bytes!r}")
    no_store.gives("INVAL")
    invalid.gives("INVAL")


def test_what_is_put_is_there_for_the_next_request(guest):
    with Settings() as path, settings_server(guest, path) as server:
        first = Script()
        kv = Kv(first)
        errors = [kv.put("n", "b"), kv.put("n", "a", mode=3), kv.put("n", "c", mode=2, metadata=b"meta")]
        refused = kv.put("n", "z", mode=1)
        added = kv.put("m", "new", mode=1)
        first.send(server)
        second = Script()
        kv = Kv(second)
        value, metadata, generation, _ = kv.get("n")
        right = kv.put("n", "right", generation=("load", generation.address))
        wrong = kv.put("n", "wrong", generation=12345)
        deleted, again = kv.delete("m"), kv.delete("m")
        second.send(server)
        third = Script()
        last = Kv(third).get("n")
        third.send(server)
    expect([error.u32 for error in errors] == [OK] * 3, "puts")
    expect(refused.u32 == PRECONDITION and added.u32 == OK, "adding")
    expect(value.bytes == b"abc" and metadata.bytes[:4] == b"meta", f"{value.bytes!r}")
    expect(right.u32 == OK and wrong.u32 == PRECONDITION, f"{right.u32} {wrong.u32}")
    expect(deleted.u32 == OK and again.u32 == NOT_FOUND, "deleting")
    expect(last[0].bytes == b"right" and last[2].u64 > generation.u64, f"{last[0].bytes!r}")


def test_keys_are_listed_in_parts(guest):
    script = Script()
    kv = Kv(script, "json")
    for key in "bb", "ba", "a", "c", "b":
        kv.put(key, "")
    whole, by_prefix, first = kv.list(), kv.list("b"), kv.list("b", 2)
    second, none = kv.list("b", 2, "ba"), kv.list("nothing")
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    lists = [json.loads(listed[0].bytes) for listed in (whole, by_prefix, first, second, none)]
    expect([listed["data"] for listed in lists] ==
           [["a", "b", "ba", "bb", "c", "x", "y"], ["b", "ba", "bb"], ["b", "ba"], ["bb"], []], f"{lists}")
    expect([listed["meta"].get("next_cursor") for listed in lists] == [None, None, "ba", None, None],
           f"{lists}")
    expect(lists[2]["meta"]["limit"] == 2 and lists[2]["meta"]["prefix"] == "b", f"{lists[2]}")


def test_object_stores_are_the_same_stores(guest):
    script = Script()
    store, body, none, pending = script.out(), script.out(), script.data(b"\xff" * 4), script.out()
    script.call("object_store.open", "store", store)
    found = script.call("object_store.lookup", store.value, "k", body)
    text = script.read(body, 64)
    script.results.append(none)
    missing = script.call("object_store.lookup", store.value, "nothing", none)
    new, later = script.out(), script.out()
    script.call("http_body.new", new)
    script.call("http_body.write", new.value, "object", 0, script.out())
    inserted = script.call("object_store.insert", store.value, "o", new.value)
    script.call("object_store.lookup_async", store.value, "o", pending)
    wrong = script.call("object_store.pending_delete_wait", pending.value)
    waited = script.call("object_store.pending_lookup_wait", pending.value, later)
    stale = script.call("object_store.pending_lookup_wait", pending.value, later)
    object_text = script.read(later, 64)
    script.call("object_store.delete_async", store.value, "o", pending)
    deleted = script.call("object_store.pending_delete_wait", pending.value)
    gone = Kv(script).get("o")
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    for call in (found, missing, inserted, waited, deleted):
        call.is_ok()
    expect(text.bytes == b"inline" and object_text.bytes == b"object", f"{text.bytes!r}")
    expect(none.bytes == b"\xff" * 4, "a body for nothing")
    expect(gone[3].u32 == NOT_FOUND, f"error {gone[3].u32}")
    wrong.gives("BADF")
    stale.gives("BADF")


def test_values_count_in_what_a_guest_may_hold(guest):
    with Settings() as path, settings_server(guest, path) as server:
        script = Script()
        store, chunk, bodies = script.out(), script.data("v" * 50000), []
        script.call("kv_store.open", "store", store)
        handle, config, body, count = script.out(), script.data(bytes(32)), script.out(), script.out()
        # 20,000,000 bytes; 128 MiB are six times as much.
        script.call("http_body.new", body)
        for _ in range(400):
            script.call("http_body.write", body.value, chunk, 50000, 0, count)
        script.call("kv_store.insert", store.value, "big", body.value, 0, config, handle)
        error = script.out()
        script.call("kv_store.insert_wait", handle.value, error)
        errors = []
        for _ in range(8):
            errors.append(script.out())
            script.call("kv_store.lookup", store.value, "big", 0, 0, handle)
            script.call("kv_store.lookup_wait_v2", handle.value, body, script.out(), 0, count, script.out(8),
                        errors[-1])
        script.send(server)
    expect(error.u32 == OK, f"error {error.u32}")
    expect([place.u32 for place in errors] == [OK] * 6 + [5, 5], f"{[place.u32 for place in errors]}")


def test_addresses_are_somewhere(guest):
    script = Script()
    text, length = script.out(64), script.out()
    script.call("geo.lookup", b"\x20\x01\x0d\xb8" + bytes(11) + b"\1", text, 64, length)
    local, local_length = script.out(512), script.out()
    script.call("geo.lookup", b"\x7f\0\0\1", local, 512, local_length)
    none = script.call("geo.lookup", b"\1\2\3\4", text, 0, script.out())
    wrong = script.call("geo.lookup", b"\1\2\3", text, 0, script.out())
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    expect(json.loads(text.bytes[:length.u32]) == {"city": "Somewhere", "latitude": 1.5}, f"{text.bytes!r}")
    expect(json.loads(local.bytes[:local_length.u32])["city"] == "local", f"{local.bytes!r}")
    none.gives("NONE")
    wrong.gives("INVAL")


WRONG = (
    ("[local_server", "line 1, column"),
    ("local_server = 1", "local_server is not a table"),
    ("[local_server.config_stores.a]", "config store \"a\": needs format"),
    ("[local_server.config_stores.a]\nformat = 'inline-toml'\ncontents = { a = 1 }", "is not a string"),
    ("[local_server.config_stores.a]\nformat = 'json'\nfile = 'bad.json'", "\"a\" is not a string"),
    ("[local_server.dictionaries.a]\nformat = 'json'\nfile = 'gone.json'", "cannot open"),
    ("[[local_server.kv_stores.a]]\nkey = 'k'", "needs one of data, file and env"),
    ("[[local_server.kv_stores.a]]\ndata = 'k'", "item 1: an item needs a key"),
    ("[[local_server.kv_stores.a]]\nkey = '..'\ndata = 'd'", "the key is not valid"),
    ("[[local_server.kv_stores.a]]\nkey = 'k'\ndat = 'd'", "\"dat\" is not known"),
    ("[local_server.kv_stores]\na = { file = 'kv.json' }", "neither a list"),
    ("[[local_server.secret_stores.a]]\nkey = 'k'\nenv = 'NOT_THERE'", "no variable NOT_THERE"),
    ("[local_server.geolocation]\nformat = 'inline-toml'\naddresses = { x = {} }", "\"x\" is not an address"),
    ("a = " + "[" * 100000, "line 1"),
)


def test_wrong_settings_are_refused_with_one_line(guest):
    for text, reason in WRONG:
        with Settings(text) as path:
            run = subprocess.run([SELVAGE, "serve", "--listen", "127.0.0.1:0", "--config", path, guest],
                                 capture_output=True, timeout=20)
            line = run.stderr.decode()
            expect(run.returncode > 0 and line.count("\n") == 1 and reason in line and path in line,
                   f"{text!r} gave {run.returncode}, {line!r}")


def test_a_list_takes_the_place_of_an_older_body(guest):
    """Memory that is kept for the next body is not lost (make asan looks)."""
    script = Script()
    store, handle, body, error, texts = script.out(), script.out(), script.out(), script.out(), []
    script.call("kv_store.open", "store", store)
    for _ in range(3):
        script.call("http_body.new", body)
        script.call("http_body.write", body.value, "bytes", 0, script.out())
        script.call("http_body.close", body.value)
        script.call("kv_store.list", store.value, 0, script.take(24), handle)
        script.call("kv_store.list_wait", handle.value, body, error)
        texts.append(script.read(body, 256))
        script.call("http_body.close", body.value)
    with Settings() as path, settings_server(guest, path) as server:
        script.send(server)
    for text in texts:
        expect(json.loads(text.bytes)["data"] == ["from a file", "k"], f"{text.bytes!r}")
