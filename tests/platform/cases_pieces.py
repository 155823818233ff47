"""Pieces of code that a version has in common with the one before it are not compiled again."""
import os
import sqlite3
import subprocess
import tempfile

from cases_quotas import blobs, wait_for_release, wait_until, with_padding
from cases_tiers import counted
from daemon import SELVAGE, Daemon, expect, module

LARGE = "rust196_image_cgi_wasi.wasm" # more than PIECES_LEAST


def pieces(daemon):
    """Blobs of pieces, by tier."""
    with sqlite3.connect(os.path.join(daemon.data, "selvage.db"), timeout=20) as database:
        return dict(database.execute("SELECT tier, blob FROM pieces"))


def deploy(daemon, mark):
    daemon.deploy_well("site", with_padding(module(LARGE), mark))
    wait_for_release(daemon, "site")
    status, text = daemon.get("site")
    expect(status == 200 and "PNG" in text[:8], f"{status} {text[:40]}")


def test_pieces_of_the_version_before_are_taken():
    with Daemon() as daemon:
        deploy(daemon, "1")
        made = counted(daemon, "pieces_made")
        expect(min(made) > 0 and counted(daemon, "pieces_found") == (0, 0), f"{made}")
        kept = pieces(daemon)
        expect(len(kept) == 2, f"{kept}")
        deploy(daemon, "2")
        expect(counted(daemon, "pieces_found") == made, "not all were found")
        expect(counted(daemon, "pieces_made") == made, "some were made again")
        expect(pieces(daemon) == kept, "others are kept, though none is new")
        daemon.fine("DELETE", "/v1/deployments/site")
        wait_until(lambda: not blobs(daemon), "they are swept")


def test_pieces_that_are_damaged_are_made_again():
    with Daemon() as daemon:
        deploy(daemon, "1")
        made = counted(daemon, "pieces_made")
        for blob in pieces(daemon).values():
            with open(os.path.join(daemon.data, "blobs", blob), "r+b") as file:
                file.seek(100)
                file.write(b"damaged")
        deploy(daemon, "2")
        expect(counted(daemon, "pieces_found") == (0, 0), "damaged ones were taken")
        expect(counted(daemon, "pieces_made") == tuple(2 * count for count in made), "not all were made again")
        deploy(daemon, "3")
        expect(counted(daemon, "pieces_found") == made, "they are not kept in place of the damaged ones")


def test_pieces_have_a_quarter_of_what_a_tenant_may_have():
    with Daemon("--tenant-bytes", "4M") as daemon: # two versions take about 2.5 of it, pieces of one tier 0.5 of the fourth
        deploy(daemon, "1")
        kept = pieces(daemon)
        expect(len(kept) == 1, f"{kept}")
        deploy(daemon, "2")
        found = counted(daemon, "pieces_found")
        expect(found[0] > 0 and found[1] == 0, f"{found}")


def builder(kept):
    """A fast compilation with these bytes at the descriptor of pieces: result, artifact, what was left."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(kept)
        file.flush()
        command = 'exec "$0" builder fast 0 pieces 3<>"$1"'
        done = subprocess.run(["sh", "-c", command, SELVAGE, file.name], input=module(LARGE), capture_output=True,
                              timeout=300, check=False)
        with open(file.name, "rb") as left:
            return done.returncode, done.stdout, left.read()


def test_pieces_that_no_builder_left_change_nothing():
    code, artifact, left = builder(b"")
    expect(code == 0 and len(left) > 1000, f"{code}")
    count = int.from_bytes(left[4:8], "little")
    expect(left[:4] == bytes(4) and count > 0, f"{left[:8]}")
    good = left[8:]
    for name, kept, found in (("all of them", good, count), ("cut short", good[:-1], count - 1), ("noise", os.urandom(5000), 0),
                              ("a head alone", good[:40], 0), ("too long", good[:32] + b"\xff" * 8 + good[40:], 0)):
        code, made, left = builder(kept)
        expect(code == 0 and made == artifact, f"{name}: {code}, another artifact")
        heads = int.from_bytes(left[:4], "little"), int.from_bytes(left[4:8], "little")
        expect(heads == (found, count - found), f"{name}: {heads} of {count}")
        expect(len(left) > 8 or found == count, f"{name}: what was made is not left")
