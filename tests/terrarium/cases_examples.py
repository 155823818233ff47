"""The examples, built as their users build them and asked."""
import base64
import hashlib
import hmac
import struct
import threading
import time

from cases_calls import at_once
from guests import png_pixels
from place import serving
from serving import expect

QUESTION = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05guest\x04test\0\0\x01\0\x01"


def test_dns_over_https_gives_the_name_servers_answer():
    with serving("examples/doh") as (server, origin, names):
        encoded = base64.urlsafe_b64encode(QUESTION).rstrip(b"=").decode()
        answers = [server.get(f"/dns-query?dns={encoded}"),
                   server.get("/dns-query", "POST", QUESTION, "Content-Type: application/dns-message\r\n")]
        for answer in answers:
            expect(answer.status == 200 and answer.header("content-type") == "application/dns-message",
                   f"status {answer.status}, {answer.headers}")
            expect(answer.body[:2] == QUESTION[:2] and answer.body.endswith(b"\xc0\0\x02\x01"), f"{answer.body}")
        for path, status in (("/", 404), ("/dns-query?dns=%21", 400), ("/dns-query", 400)):
            answer = server.get(path)
            expect(answer.status == status, f"{path}: status {answer.status}")
        expect(server.get("/dns-query", "POST", QUESTION).status == 415, "a body of any type is taken")
        expect(server.get("/dns-query", "POST", b"x", "Content-Type: application/dns-message\r\n").status == 502,
               "no message is a question")


def test_a_picture_is_resized_once_for_each_size():
    with serving("examples/thumbnail", "--timeout", "20s") as (server, origin, names):
        first = server.get("/?width=64")
        expect(first.status == 200 and first.header("x-cache") == "miss", f"{first.status} {first.headers}")
        size, rows = png_pixels(first.body)
        expect(size == (64, 48) and len(set(rows)) > 10, f"a picture of {size}")
        second = server.get("/?width=64")
        expect(second.header("x-cache") == "hit" and second.body == first.body, f"{second.headers}")
        expect(png_pixels(server.get("/?width=32").body)[0] == (32, 24), "another size")
        for path in ("/", "/?width=0", "/?width=321", "/?width=x"):
            expect(server.get(path).status == 400, f"{path} is answered")


def test_services_are_asked_at_once_and_answer_in_any_order():
    with serving("examples/together", "--workers", "1", "--timeout", "20s",
                 extra='[kv]\nservices = """@HERE@/gated/1\n@HERE@/count\nhttp://127.0.0.1:1/\n@HERE@/together/2/1\n'
                       '@HERE@/together/2/2"""\n') as (server, origin, names):
        answers = []
        asking = threading.Thread(target=lambda: answers.append(server.get("/")))
        asking.start()
        # The gated one is the first in the list and the last to answer.
        with origin.lock:
            origin.lock.wait_for(lambda: origin.together.get("2", 0) >= 2, 20)
        origin.gate.set()
        asking.join()
        lines = answers[0].text().split("\n")
        here = f"http://127.0.0.1:{origin.port}"
        expect(sorted(lines) == sorted(["", f"{here}/gated/1 200", f"{here}/count 200",
                                        "http://127.0.0.1:1/ no answer", f"{here}/together/2/1 200",
                                        f"{here}/together/2/2 200"]), f"{lines}")


def test_an_api_gets_the_token_and_its_clients_do_not():
    with serving("examples/api-proxy/proxy.ts", "--env", "API_URL=@HERE@", "--env",
                 "API_TOKEN=secret") as (server, origin, names):
        answer = server.get("/show?x=1", headers="Authorization: mine\r\nCookie: a\r\nX-Own: b\r\n")
        text = answer.text().lower()
        expect(answer.status == 200 and "get /show?x=1" in text and "authorization: bearer secret" in text and
               "x-own: b" in text and "mine" not in text and "cookie" not in text, f"{answer.status} {text}")
        expect(server.get("/", "POST", b"x").status == 405, "POST is passed on")
    expect("secret" not in server.log_text, "the token is in the log")
    with serving("examples/api-proxy/proxy.ts") as (server, origin, names):
        expect(server.get("/").status == 500, "no token is needed")


def test_a_throttle_lets_so_many_requests_through():
    with serving("examples/throttle/throttle.c", "--env", "BACKEND=@HERE@", "--env", "LIMIT=5",
                 "--workers", "2") as (server, origin, names):
        fake = "Fastly-Client-IP: 192.0.2.9\r\n"
        while time.time() % 60 > 40:  # all of them in one minute
            time.sleep(1)
        answers = at_once(12, lambda i: server.get("/count", headers=fake if i % 2 else ""))
        statuses = sorted(answer.status for answer in answers)
        expect(statuses == [200] * 5 + [429] * 7, f"{statuses}")
        late = [answer for answer in answers if answer.status == 429]
        expect(all(0 < int(answer.header("retry-after")) <= 60 for answer in late), f"{late[0].headers}")
        expect(origin.requests.count("/count") == 5, f"{origin.requests}")


def sign(key, method, url, moment, body=b""):
    text = f"{method} {url} {moment}\n".encode() + body
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def test_signed_requests_have_access_once():
    long_key = "k" * 100
    with serving("examples/access/access.ts", "--workers", "2",
                 extra=f'[kv]\n"key/wool" = "sheep"\n"key/long" = "{long_key}"\n') as (server, origin, names):
        now = int(time.time())

        def ask(name, signature, moment=now, url="/door", body=b""):
            headers = f"X-Time: {moment}\r\nAuthorization: Signature {name} {signature}\r\n"
            return server.get(url, "POST" if body else "GET", body, headers)
        good = sign(b"sheep", "GET", "/door", now)
        statuses = sorted(answer.status for answer in at_once(6, lambda i: ask("wool", good)))
        expect(statuses == [200] + [401] * 5, f"used at once: {statuses}")
        body = bytes(range(256)) * 3
        answer = ask("long", sign(long_key.encode(), "POST", "/door", now, body), body=body)
        expect(answer.status == 200 and answer.text() == "Welcome, long.\n", f"{answer.status} {answer.text()}")
        for wrong in (ask("wool", good, url="/other"), ask("wool", good, now + 1), ask("long", good),
                      ask("nobody", good), ask("wool", ""), ask("wool", good[:-1] + "x"), server.get("/door"),
                      ask("wool", sign(b"sheep", "GET", "/door", now - 400), now - 400)):
            expect(wrong.status == 401, f"{wrong.status} {wrong.text()}")
