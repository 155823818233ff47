"""What is in the data folder: lost, of an earlier version, full."""
import json
import os
import random
import subprocess
import time

from daemon import Daemon, cgi, expect, module

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
