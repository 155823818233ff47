"""Compiled artifacts, which are taken from those whom the operator trusts."""
import base64
import os
import stat
import struct
import subprocess
import zlib

from cases_client import Shell
from cases_quotas import blobs
from cases_tiers import counted, events, shown
from daemon import SELVAGE, Daemon, cgi, expect


class Yard:
    """A folder with keys and artifacts."""

    def __init__(self, place):
        self.place = place

    def path(self, name):
        return os.path.join(self.place, name)

    def run(self, *arguments, code=0):
        done = subprocess.run([SELVAGE, *arguments], capture_output=True, text=True, timeout=300)
        expect(done.returncode == code, f"selvage {arguments}: {done.returncode} {done.stderr!r}")
        return done.stdout if code == 0 else done.stderr

    def key(self, name):
        """Its path, and what it is called."""
        return self.path(name), self.run("key", "create", self.path(name)).strip()

    def artifact(self, name, text, *options):
        with open(self.path(name + ".wat"), "wb") as file:
            file.write(cgi(text))
        self.run("compile", *options, self.path(name + ".wat"), "-o", self.path(name + ".so"))
        return self.path(name + ".so")

    def sign(self, key, path):
        self.run("sign", "--key", key, path)
        with open(path + ".sig") as file:
            return file.read().strip()


def trusting():
    """A daemon that trusts one key, with a folder for more."""
    daemon = Daemon()
    yard = Yard(daemon.place.name)
    key, signer = yard.key("operator")
    daemon.options = ("--trust", key + ".pub")
    return daemon, yard, key, signer


def body(path, signature):
    with open(path, "rb") as file:
        return {"artifact": base64.b64encode(file.read()).decode(), "signature": signature}


def refused(daemon, path, signature, text, status=403):
    message = daemon.refused(status, "POST", "/v1/deployments/site/versions", body(path, signature))
    expect(text in message and "\n" not in message, f"{message!r}, not {text!r}")


def test_signed_keys_are_made_for_their_owner_alone_and_never_replaced():
    daemon = Daemon()
    yard = Yard(daemon.place.name)
    key, signer = yard.key("key")
    expect(stat.S_IMODE(os.stat(key).st_mode) == 0o600, "others can read it")
    expect(yard.run("key", "show", key + ".pub") == signer + "\n" and len(signer) == 16, signer)
    for exists in (key, key + ".pub"):
        if exists.endswith(".pub"):
            os.unlink(key)
        with open(exists, "rb") as file:
            before = file.read()
        message = yard.run("key", "create", key, code=1)
        expect("File exists" in message and message.count("\n") == 1, message)
        with open(exists, "rb") as file:
            expect(file.read() == before, "it was replaced")
    expect(not os.path.exists(key), "half a pair")
    for wrong in (yard.artifact("a", "x"), yard.path("none")):
        yard.run("key", "show", wrong, code=1)
    expect("neither create nor show" in yard.run("key", "delete", key, code=2), "another action")
    daemon.place.cleanup()


def test_signed_artifacts_are_served_as_they_are():
    daemon, yard, key, signer = trusting()
    with daemon:
        expect(f"artifacts    of the key {signer} are taken\n" in daemon.greeting, daemon.greeting)
        shell = Shell(daemon)
        path = yard.artifact("a", "signed")
        message = shell.run("deploy", "--name", "site", path, code=2)
        expect("with its signature only" in message and message.count("\n") <= 2, message)
        yard.sign(key, path)
        shell.run("deploy", "--name", "site", path)
        daemon.says("site", "signed")
        version = shown(daemon)["versions"][0]
        expect(version["signer"] == signer and version["file"] == "a.so", f"{version}")
        expect(counted(daemon, "builds") == (0, 0), "something was compiled")
        daemon.deploy_well("site", cgi("a module"))
        expect(shown(daemon)["versions"][0]["signer"] == "", "a module has a signer")
        daemon.fine("POST", "/v1/deployments/site/rollback")
        daemon.says("site", "signed")
        build = daemon.fine("POST", "/v1/deployments/other/promote", {"from": "site"})
        expect(daemon.built(build)["success"], "not promoted")
        daemon.says("other", "signed")
        daemon.stop()
        daemon.start()
        daemon.says("site", "signed")
        daemon.says("other", "signed")


def test_signed_by_others_or_not_at_all_is_refused():
    daemon, yard, key, signer = trusting()
    with daemon:
        path, other = yard.artifact("a", "signed"), yard.artifact("b", "other")
        stranger, name = yard.key("stranger")
        good, strange = yard.sign(key, path), yard.sign(stranger, path)
        refused(daemon, path, strange, f"signed with the key {name}, which this server does not trust")
        refused(daemon, path, strange.replace(name, signer), "not of this artifact")
        refused(daemon, other, good, "not of this artifact")
        with open(path, "r+b") as file: # one bit
            file.seek(5000)
            byte = file.read(1)[0]
            file.seek(5000)
            file.write(bytes([byte ^ 1]))
        refused(daemon, path, good, "not of this artifact")
        mark, _, code = good.split()
        for wrong in ("", "x", mark, f"{mark} {signer}", f"{mark} {signer} {code[:-4]}", f"{mark} {signer} {code}{code}",
                      f"{mark} {'g' * 16} {code}", f"{mark}  {signer} {code}"):
            refused(daemon, other, wrong, "not a signature")
        refused(daemon, other, f"{mark} {signer} {'A' * 86}==", "not of this artifact")
        daemon.refused(400, "POST", "/v1/deployments/site/versions", {**body(other, good), "module": "AA=="})
        daemon.refused(400, "POST", "/v1/deployments/site/versions", {**body(other, good), "signature": 5})
        daemon.refused(404, "GET", "/v1/deployments/site")
        daemon.stop()
        daemon.options = ()
        daemon.start()
        refused(daemon, other, good, "trusts no keys")


def test_signed_artifacts_of_another_version_or_machine_fail_with_the_reason():
    daemon, yard, key, _ = trusting()
    with daemon:
        daemon.deploy_well("site", cgi("before"))
        path = yard.artifact("a", "of another time")
        with open(path, "rb") as file:
            code = file.read()
        note = code.index(b"Selvage\0") + 8 # its descriptor: ABI, checksum, 48 bytes, features of the CPU
        abi = struct.pack("<I", struct.unpack_from("<I", code, note)[0] + 1)
        for at, changed, reason in ((note, abi, "this one has ABI"), (note + 56, b"avx9000\0", "avx9000")):
            other = bytearray(code)
            other[at:at + len(changed)] = changed
            other[note + 4:note + 8] = bytes(4)
            other[note + 4:note + 8] = struct.pack("<I", zlib.crc32(bytes(other)))
            with open(path, "wb") as file:
                file.write(other)
            answer = daemon.built(daemon.fine("POST", "/v1/deployments/site/versions", body(path, yard.sign(key, path))))
            expect(not answer["success"] and reason in answer["message"] and daemon.data not in answer["message"],
                   f"{answer}")
            daemon.says("site", "before")


def test_signed_with_a_key_that_is_trusted_no_longer_is_not_loaded_any_more():
    daemon, yard, key, _ = trusting()
    with daemon:
        path = yard.artifact("a", "signed")
        signature = yard.sign(key, path)
        expect(daemon.built(daemon.fine("POST", "/v1/deployments/site/versions", body(path, signature)))["success"], "a")
        daemon.deploy_well("site", cgi("module"))
        other, _ = yard.key("other")
        os.rename(key + ".pub", key + ".away")
        os.rename(other + ".pub", key + ".pub")
        refused(daemon, path, signature, "does not trust")
        message = daemon.refused(409, "POST", "/v1/deployments/site/rollback", {"version": 1})
        expect("does not trust" in message, message)
        daemon.says("site", "module")
        os.rename(key + ".away", key + ".pub")
        daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 1})
        daemon.says("site", "signed")
        os.unlink(key + ".pub")
        refused(daemon, path, signature, "cannot read the keys that it trusts", 500) # and no path of the server's
        daemon.does_not_start("in use") # the running one is not asked
        daemon.stop()
        daemon.does_not_start("cannot read keys from")
        daemon.options = ()
        daemon.start()
        status, text = daemon.get("site")
        expect(status == 503, f"{status} {text!r}")
        expect(any("trusts no keys" in line for line in events(daemon)), f"{events(daemon)}")


def test_signed_artifacts_whose_file_was_changed_are_not_loaded():
    daemon, yard, key, _ = trusting()
    with daemon:
        path, other = yard.artifact("a", "signed"), yard.artifact("b", "other")
        body_of = body(path, yard.sign(key, path))
        expect(daemon.built(daemon.fine("POST", "/v1/deployments/site/versions", body_of))["success"], "a")
        daemon.says("site", "signed")
        name, = blobs(daemon)
        daemon.stop()
        with open(other, "rb") as file, open(os.path.join(daemon.data, "blobs", name), "wb") as blob:
            blob.write(file.read())
        daemon.start()
        status, text = daemon.get("site")
        expect(status == 503, f"{status} {text!r}")
        expect(any("not what was signed" in line for line in events(daemon)), f"{events(daemon)}")
