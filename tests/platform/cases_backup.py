"""`selvage backup` and `selvage restore`."""
import fcntl
import io
import json
import os
import stat
import subprocess
import tarfile
import threading

from cases_quotas import blobs, wait_until
from daemon import PATIENCE, SELVAGE, Daemon, Failure, cgi, expect, module

ENV_GUEST = "rust196_image_cgi_wasi.wasm"


def selvage(*arguments):
    return subprocess.run([SELVAGE, *arguments], capture_output=True, text=True, timeout=4 * PATIENCE)


def done(*arguments):
    result = selvage(*arguments)
    expect(result.returncode == 0, f"{arguments}: {result.stderr!r}")
    return result.stdout


def failed(reason, *arguments):
    result = selvage(*arguments)
    expect(result.returncode in (1, 2) and reason in result.stderr and result.stderr.count("\n") == 1,
           f"{arguments}: {result.returncode} {result.stderr!r}, not {reason!r}")


def place(daemon, name):
    return os.path.join(daemon.place.name, name)


class Busy(threading.Thread):
    """Deploys and removes until it is told to stop."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon_under_test, self.is_over, self.problem = daemon, False, None

    def run(self):
        count = 0
        try:
            while not self.is_over:
                count += 1
                self.daemon_under_test.deploy_well("busy", cgi(f"v{count}"))
                if count % 3 == 0:
                    self.daemon_under_test.fine("DELETE", "/v1/deployments/busy")
        except Failure as problem:
            self.problem = problem


def test_a_backup_of_a_daemon_that_works_has_all_that_was_acknowledged():
    with Daemon("--quiet") as daemon:
        daemon.deploy_well("site", module(ENV_GUEST), env={"A": "b"}, secrets={"API_KEY": "hush-hush"})
        daemon.deploy_well("site", cgi("two"))
        daemon.fine("POST", "/v1/deployments/site/rollback")
        busy = Busy(daemon)
        busy.start()
        files = [place(daemon, f"backup{i}") for i in range(3)]
        said = [done("backup", "--data", daemon.data, path) for path in files]
        busy.is_over = True
        busy.join()
        expect(not busy.problem, f"it disturbed the daemon: {busy.problem}")
        expect(all("modules and artifacts" in text for text in said), str(said))
        expect(stat.S_IMODE(os.stat(files[0]).st_mode) == 0o600, "others may read it")
        with tarfile.open(files[0]) as archive: # by other readers too
            names = archive.getnames()
        expect({"selvage.db", "secret.key", "tls/ca.pem"} <= set(names), str(names))
        left = [name for name in os.listdir(daemon.place.name) if name.startswith("backup") and "." in name]
        expect(left == [], f"left behind: {left}")
        daemon.stop()
        for path in files:
            daemon.data = path + ".data"
            answer = json.loads(done("restore", "--data", daemon.data, "--json", path))
            expect(answer["data"] == daemon.data and answer["files"] >= 4, str(answer))
            daemon.start()
            expect("API_KEY=hush-hush" in daemon.get("site", "/env")[1], "the secret is not there")
            daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 2})
            daemon.says("site", "two")
            for found in daemon.fine("GET", "/v1/deployments")["deployments"]:
                expect(found["state"] == "building" or daemon.get(found["name"])[0] == 200, str(found))
            daemon.stop()
        daemon.start()


def test_a_restore_overwrites_nothing():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("old"))
        path = place(daemon, "backup")
        done("backup", "--data", daemon.data, path)
        failed("is in use", "restore", "--data", daemon.data, "--force", path)
        failed("is not empty", "restore", "--data", daemon.data, path)
        daemon.deploy_well("site", cgi("new"))
        daemon.stop()
        failed("is not empty", "restore", "--data", daemon.data, path)
        daemon.start()
        daemon.says("site", "new")
        daemon.stop()
        text = done("restore", "--data", daemon.data + "/", "--force", path)
        kept = text.split("what was there before is in ")[1].strip()
        daemon.start()
        daemon.says("site", "old")
        daemon.stop()
        daemon.data = kept
        daemon.start()
        daemon.says("site", "new")
        os.mkdir(place(daemon, "empty"))
        done("restore", "--data", place(daemon, "empty"), path)
        names = [name for name in os.listdir(daemon.place.name) if "restore-" in name]
        expect(names == [os.path.basename(kept)], f"left behind: {names}")


def changed(path, change):
    """The archive with its entries changed by a function of name and content."""
    out = io.BytesIO()
    with tarfile.open(path) as archive, tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for entry in archive:
            name, content = change(entry.name, archive.extractfile(entry).read())
            if name:
                entry.name, entry.size = name, len(content)
                made.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def test_a_backup_that_is_damaged_is_refused_and_leaves_nothing():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"), secrets={"A": "b"})
        good, bad, data = place(daemon, "good"), place(daemon, "bad"), place(daemon, "new")
        done("backup", "--data", daemon.data, good)
        with open(good, "rb") as file:
            whole = file.read()

        def flip(name, content):
            return name, content[:50] + b"!" + content[51:] if name.startswith("blobs/") else content

        def without(what):
            return lambda name, content: (None if name.startswith(what) else name, content)

        def renamed(new):
            return lambda name, content: (new if name == "tls/ca.pem" else name, content)

        cases = (("it ends too early", whole[:len(whole) // 2]), ("it ends too early", whole[:-1024]),
                 ("it ends too early", b""), ("no tar archive", b"x" * 5000),
                 ("no tar archive", whole[:3] + b"!" + whole[4:]),
                 ("is damaged", changed(good, flip)), ("it lacks blobs/", changed(good, without("blobs/"))),
                 ("it has no key", changed(good, without("secret.key"))),
                 ("it has no database", changed(good, without("selvage.db"))),
                 ("which no backup has", changed(good, renamed("../x"))),
                 ("which no backup has", changed(good, renamed("/tmp/x"))),
                 ("which no backup has", changed(good, renamed("tls/../../x"))),
                 ("which no backup has", changed(good, renamed("blobs/../x"))),
                 ("cannot write", changed(good, renamed("selvage.db"))),
                 ("database", changed(good, lambda n, c: (n, bytes(4096) if n == "selvage.db" else c))),
                 ("another key", changed(good, lambda n, c: (n, bytes(32) if n == "secret.key" else c))))
        before = sorted(os.listdir(daemon.place.name) + ["bad"])
        for reason, content in cases:
            with open(bad, "wb") as file:
                file.write(content)
            failed(reason, "restore", "--data", data, bad)
            after = sorted(os.listdir(daemon.place.name))
            expect(after == before, f"{reason}: left {set(after) - set(before)}")
        failed("cannot open", "restore", "--data", data, place(daemon, "none"))
        failed("cannot open", "backup", "--data", data, bad)
        failed("cannot write", "backup", "--data", daemon.data, place(daemon, "none/backup"))


def test_a_backup_of_damaged_data_fails():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        daemon.stop()
        path = os.path.join(daemon.data, "blobs", max(blobs(daemon)))
        os.rename(path, path[:-3] + "abc")
        target = place(daemon, "backup")
        failed("cannot open", "backup", "--data", daemon.data, target)
        os.rename(path[:-3] + "abc", path)
        with open(path, "r+b") as file:
            file.seek(100)
            file.write(b"damaged")
        failed("is damaged", "backup", "--data", daemon.data, target)
        expect(not os.path.exists(target), "it is there all the same")
        daemon.start()


def test_files_that_a_backup_may_read_are_not_swept():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        folder = os.open(os.path.join(daemon.data, "blobs"), os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_SH)
        before = blobs(daemon)
        daemon.fine("DELETE", "/v1/deployments/site")
        for _ in range(2): # the second one, when the first has tried to sweep
            daemon.deploy("other", cgi("y"), ttl=1)
            wait_until(lambda: daemon.call("GET", "/v1/deployments/other")[0] == 404, "its time is over")
        expect(before <= blobs(daemon), "they were swept")
        os.close(folder)
        wait_until(lambda: not blobs(daemon), "they are swept")
