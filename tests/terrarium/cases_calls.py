"""What becomes of requests, questions and keys of guests, and where each of them ends."""
import threading
import time

from place import serving
from serving import PATIENCE, expect


def ask(server, path, status=200, text=None):
    answer = server.get(path)
    expect(answer.status == status and (text is None or answer.text() == text),
           f"{path}: status {answer.status}, {answer.text()[:200]!r}")
    return answer


def log_has(server, *texts):
    """The log is written by a thread of its own."""
    end = time.monotonic() + PATIENCE
    for text in texts:
        while text not in (log := server.read_log()):
            expect(time.monotonic() < end, f"no {text!r} in the log: {log[-600:]}")
            time.sleep(0.01)


def at_once(count, function):
    """Results of `count` calls on threads of their own."""
    results = [None] * count

    def run(i):
        results[i] = function(i)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_private_addresses_are_denied_unless_named():
    with serving("routes.c") as (server, origin, names):
        other = origin.port + 1 if origin.port < 65535 else origin.port - 1
        ask(server, f"/get?http://127.0.0.1:{origin.port}/count", 200, "0")
        for url in (f"http://127.0.0.1:{other}/", f"http://localhost:{origin.port}/",
                    f"http://0x7f000001:{other}/", f"http://[::1]:{origin.port}/",
                    f"http://127.0.0.1:{origin.port}/redirect/http://127.0.0.1:{other}/",
                    "http://169.254.169.254/latest/"):
            ask(server, "/get?" + url, 502)
        log_has(server, "the host's address is private", f"request to http://localhost:{origin.port}: ")
        expect(origin.requests.count("/count") == 1, f"{origin.requests}")


def test_urls_that_cannot_be_asked_are_errors_with_a_reason():
    with serving("routes.c") as (server, origin, names):
        for url in ("", "/only/a/path", "ftp://127.0.0.1/", "http://", "http://a:b@127.0.0.1/",
                    "file:///etc/passwd"):
            ask(server, "/get?" + url, 502)
        log_has(server, "not a URL of http or https", "a URL with a user", "1 to 8192 are allowed")


def test_redirects_are_followed_without_secrets_for_others():
    with serving("routes.c", allow=["localhost"]) as (server, origin, names):
        here = f"http://127.0.0.1:{origin.port}"
        ask(server, f"/get?{here}/redirect/{here}/count", 200, "0")
        answer = ask(server, f"/post?{here}/redirect/{here}/show").text()
        expect(answer.startswith("GET /show") and "uthorization: secret" in answer and
               "x-own" not in answer and "payload" not in answer, answer)
        answer = ask(server, f"/post?{here}/redirect307/{here}/show").text()
        expect(answer.startswith("POST /show") and "uthorization: secret" in answer and
               "x-own" in answer and answer.endswith("payload"), answer)
        elsewhere = f"http://localhost:{origin.port}"
        answer = ask(server, f"/post?{here}/redirect307/{elsewhere}/show").text()
        expect(answer.startswith("POST /show") and "secret" not in answer and "x-own" in answer, answer)
        ask(server, f"/get?{here}/round", 502)
        log_has(server, "more than 10 redirects")
        expect(origin.requests.count("/round") == 11, f"{origin.requests.count('/round')} requests")


def test_requests_of_guests_are_of_the_trace_of_their_own():
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    with serving("routes.c") as (server, origin, names):
        url = f"/get?http://127.0.0.1:{origin.port}/show"
        answer = server.get(url, headers=f"traceparent: {trace}\r\ntracestate: a=1\r\n").text()
        expect(f"\ntraceparent: {trace}\ntracestate: a=1\n" in answer, answer)
        expect("\ntraceparent: 00-" in ask(server, url).text(), "no trace was begun")


def test_a_large_response_comes_whole_and_a_too_large_one_is_an_error():
    with serving("routes.c", "--max-memory", "16MiB") as (server, origin, names):
        here = f"http://127.0.0.1:{origin.port}"
        expect(len(ask(server, f"/get?{here}/bytes/3000000").body) == 3000000, "not all of it")
        ask(server, f"/get?{here}/bytes/20000000", 502)
        log_has(server, "requests and responses of more than 16777216 bytes")
        ask(server, f"/get?{here}/cut", 502)
        log_has(server, "the connection ended too early")


def test_guests_that_select_over_five_slow_backends_hold_no_thread():
    guests = 40
    with serving("routes.c", "--workers", "1", "--timeout", "60s") as (server, origin, names):
        url = f"http://127.0.0.1:{origin.port}/gated"
        gate = threading.Thread(target=origin.open_when, args=(5 * guests,))
        gate.start()
        # Each waits until all requests of all guests have come: one worker has begun all of them.
        answers = at_once(guests, lambda i: server.get(f"/select?{url}"))
        gate.join()
        for answer in answers:
            expect(answer.text() == "200\n" * 5, f"{answer.status} {answer.text()!r}")


def test_guests_that_wait_for_name_servers_hold_no_thread():
    with serving("routes.c", "--workers", "1", "--timeout", "60s") as (server, origin, names):
        waiting = threading.Thread(target=ask, args=(server, "/resolve?held.test"))
        waiting.start()
        names.asked.acquire()
        ask(server, "/resolve?guest.test", 200, "1")
        names.gate.set()
        waiting.join()


def test_a_name_has_a_limit_of_addresses_and_may_have_none():
    with serving("routes.c") as (server, origin, names):
        ask(server, "/resolve?many.test", 200, "64")
        ask(server, "/resolve?no.test", 200, "-1")
        ask(server, "/resolve?" + "x" * 300, 200, "-1")
        ask(server, "/resolve?", 200, "-1")
        ask(server, "/raw?", 200, "0")
        ask(server, "/raw?this-is-an-answer-or-an-update-but-no-question", 200, "0")
        ask(server, "/raw?" + "x" * 600, 200, "0")
        log_has(server, "not a name of 1 to 254 bytes", "no query with one question",
                "a message to name servers of 600 bytes; 12 to 512 are allowed")


def test_a_guest_that_waits_in_vain_ends_with_its_time():
    with serving("routes.c", "--timeout", "1s") as (server, origin, names):
        ask(server, "/resolve?silent.test", 504)
        ask(server, f"/get?http://127.0.0.1:{origin.port}/silent", 504)
        ask(server, f"/leave?http://127.0.0.1:{origin.port}/silent", 200, "left")


def test_guests_that_race_on_a_key_see_one_winner():
    with serving("routes.c", "--workers", "2") as (server, origin, names):
        for turn in range(20):
            answers = at_once(8, lambda i: server.get(f"/upsert?key{turn}").text())
            expect(sorted(answers) == ["0"] * 7 + ["1"], f"{answers}")
        at_once(50, lambda i: server.get("/append?sum"))
        ask(server, "/value?sum", 200, "x" * 50)
        ask(server, "/remove?sum", 200, "1")
        ask(server, "/value?sum", 404)


def test_keys_and_values_have_limits_that_are_named():
    with serving("routes.c") as (server, origin, names):
        ask(server, "/key?1024", 200, "1")
        for path in ("/key?1025", "/key?0", "/fill?26214401"):
            answer = ask(server, path, 500)
            expect("(1 to 1024)" in answer.text() and "at most 26214400" in answer.text(), answer.text())


def test_the_store_begins_with_settings_and_environment():
    extra = '[kv]\n"a key" = "a value"\nother = ""\n'
    with serving("routes.c", "--env", "TOKEN=secret", extra=extra) as (server, origin, names):
        ask(server, "/value?env/TOKEN", 200, "secret")
        ask(server, "/value?other", 200, "")
        ask(server, "/upsert?env/TOKEN", 200, "0")


def test_a_guest_has_limits_of_requests():
    with serving("routes.c") as (server, origin, names):
        ask(server, "/create", 200, "256")
        ask(server, f"/send?http://127.0.0.1:{origin.port}/silent", 200, "64")
        log_has(server, "more than 256 requests and responses in one guest",
                "more than 64 requests of a guest at once")


def test_handles_that_stand_for_nothing_are_errors():
    with serving("routes.c") as (server, origin, names):
        ask(server, "/handles?http://a/", 200, "-1 -1 -1 -1 -1 -1 -1 1 1 1\n")
