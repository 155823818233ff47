"""The process: how it starts, refuses, stops, and keeps its promises about connections."""
import fcntl
import os
import select
import signal
import socket
import subprocess
import threading
import time

from serving import PATIENCE, SELVAGE, Client, Failure, Server, expect, guest_path


def refused(*arguments, code, text):
    result = subprocess.run([SELVAGE, "serve", *arguments], capture_output=True, text=True,
                            timeout=20)
    expect(result.returncode == code, f"{arguments}: exit code {result.returncode}, {result.stderr!r}")
    expect(text in result.stderr, f"{arguments}: {result.stderr!r} without {text!r}")
    expect(code == 2 or result.stderr.count("\n") == 1, f"{arguments}: more than a line")
    expect(result.stdout == "", f"{arguments}: {result.stdout!r}")


def test_serve_refuses_what_it_cannot_do_in_one_line():
    guest = guest_path("echo.wat")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused("--listen", f"127.0.0.1:{port}", guest, code=1, text="Address already in use")
    refused("--listen", "127.0.0.1", guest, code=2, text="ADDR:PORT")
    refused("--listen", "127.0.0.1:99999", guest, code=2, text="ADDR:PORT")
    refused("--listen", "127.0.0.1:x", guest, code=2, text="ADDR:PORT")
    refused("--listen", "192.0.2.1:0", guest, code=1, text="192.0.2.1:0")
    refused("--head-limit", "1", guest, code=2, text="--head-limit must be")
    refused("--timeout", "never", guest, code=2, text="--timeout")
    refused("--workers", "0", guest, code=2, text="--workers")
    refused("--dir", "/nonexistent::/d", guest, code=1, text="/nonexistent")
    refused("/nonexistent.wasm", code=1, text="/nonexistent.wasm")
    refused(code=2, text="serve")


def test_a_socket_that_systemd_passed_is_served():
    guest = guest_path("echo.wat")
    with socket.socket() as listening, socket.socket() as other:
        for one in (listening, other):
            one.bind(("127.0.0.1", 0))
            one.listen()

        def pass_both():
            for number, one in ((30, listening), (31, other)):  # first out of each other's way
                os.dup2(one.fileno(), number)
            os.dup2(30, 3)
            os.dup2(31, 4)

        def start(where, names, pid="$$"):
            script = f'LISTEN_PID={pid} LISTEN_FDS=2 LISTEN_FDNAMES={names} exec "$@"'
            command = ["sh", "-c", script, "sh", SELVAGE, "serve", "--listen", where, guest]
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    preexec_fn=pass_both, close_fds=False)

        process = start("systemd:web", "control:web")
        port = other.getsockname()[1]
        line = process.stdout.readline().decode()
        expect(line.endswith(f"on http://127.0.0.1:{port}/\n"), f"{line!r} without port {port}")
        with Client(port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            expect(client.response().status == 200, "no answer through the socket")
        process.send_signal(signal.SIGTERM)
        expect(process.wait(20) == 0, "the server did not end well")
        for where, names, pid, text in (("systemd:none", "a:b", "$$", "no such socket (of 2)"),
                                        ("systemd", "a:b", "$$", "more than one socket"),
                                        ("systemd:a", "a:a", "$$", "more than one socket"),
                                        ("systemd", "a:b", "1", "no such socket (of 0)")):
            _, error = start(where, names, pid).communicate(timeout=20)
            expect(text in error.decode(), f"{where} of {names}: {error!r}")


def as_service(listening, notify):
    """A server with a socket of a service manager's, which is told how it is at `notify`."""
    script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec "$@"'

    def pass_on():
        os.dup2(listening.fileno(), 30)  # it may be 3 itself, which would not be inherited
        os.dup2(30, 3)

    return subprocess.Popen(
        ["sh", "-c", script, "sh", SELVAGE, "serve", "--listen", "systemd:web", "--quiet",
         guest_path("echo.wat")],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, close_fds=False,
        env={**os.environ, "NOTIFY_SOCKET": notify},
        preexec_fn=pass_on)


def test_a_service_manager_hears_of_start_and_stop():
    for notify in (f"@selvage-test-{os.getpid()}", f"/tmp/selvage-notify-{os.getpid()}"):
        with socket.socket() as listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            manager.bind(notify.replace("@", "\0"))
            manager.settimeout(20)
            process = as_service(listening, notify)
            try:
                expect(manager.recv(100) == b"READY=1", "the manager is not told of the start")
                with Client(listening.getsockname()[1]) as client:
                    client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                    expect(client.response().status == 200, "it is ready, but does not answer")
                process.send_signal(signal.SIGTERM)
                expect(manager.recv(100) == b"STOPPING=1", "the manager is not told of the stop")
                expect(process.wait(20) == 0, "the server did not end well")
            finally:
                process.kill()
                if notify[0] == "/":
                    os.unlink(notify)


def test_a_service_manager_that_is_not_there_is_no_reason_to_stop():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        for notify, text in (("/nonexistent/socket", "No such file"), ("nothing", "no address"),
                             ("/" + "x" * 200, "no address")):
            process = as_service(listening, notify)
            with Client(listening.getsockname()[1]) as client:
                client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                expect(client.response().status == 200, f"{notify}: no answer")
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=20)[1].decode()
            expect(text in said and said.count("\n") == 1, f"{notify}: {said!r}")


def test_a_restart_under_a_service_manager_loses_no_request():
    done = threading.Event()
    answers, problems = [], []

    def ask(port):
        while not done.is_set():
            try:
                with Client(port) as client:
                    client.send(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                    answers.append(client.response().status)
            except (OSError, Failure) as problem:
                problems.append(repr(problem))

    notify = f"@selvage-restart-{os.getpid()}"
    with socket.socket() as listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        manager.bind(notify.replace("@", "\0"))
        manager.settimeout(20)
        process = as_service(listening, notify)
        clients = [threading.Thread(target=ask, args=(listening.getsockname()[1],)) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(5):
            expect(manager.recv(100) == b"READY=1", "not ready")
            count = len(answers)
            while len(answers) < count + 50 and not problems:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            expect(manager.recv(100) == b"STOPPING=1", "not stopping")
            expect(process.wait(20) == 0, "the server did not end well")
            process = as_service(listening, notify)
        expect(manager.recv(100) == b"READY=1", "not ready")
        done.set()
        for client in clients:
            client.join()
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    expect(not problems, f"{len(problems)} of {len(answers)}: {problems[:3]}")
    expect(set(answers) == {200} and len(answers) > 200, f"{len(answers)}: {set(answers)}")


def test_serve_refuses_modules_that_are_no_programs():
    for text, part in (("(module (func))", "not a program that can be served"),
                       ('(module (import "env" "hostcall_debug" (func (param i32 i32))))', '"run"'),
                       ('(module (import "a" "b" (func)) (func (export "_start")))', "a.b")):
        path = f"/tmp/selvage-serve-{os.getpid()}.wat"
        with open(path, "w") as file:
            file.write(text)
        try:
            refused("--listen", "127.0.0.1:0", path, code=1, text=part)
        finally:
            os.unlink(path)


def test_serve_compiles_a_module_first():
    with Server(guest_path("echo.wat")) as server:
        expect(server.get("/x").header("x-target") == "/x", "the guest does not answer")


def test_help_lists_every_limit():
    text = subprocess.run([SELVAGE, "serve", "--help"], capture_output=True, text=True,
                          timeout=20).stdout
    for option in ("listen", "dir", "env", "timeout", "max-memory", "workers", "head-limit",
                   "target-limit", "field-limit", "body-limit", "head-timeout", "body-timeout",
                   "idle-timeout", "max-connections", "queue-limit", "response-limit"):
        expect(f"--{option} " in text, f"--{option} is not in the help")


def test_too_many_connections_are_told_so():
    with Server("echo.wat", "--max-connections", "2") as server:
        with server.connect() as one, server.connect() as two:
            for client in (one, two):
                client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                expect(client.response().status == 200, "a connection below the limit failed")
            with server.connect() as three:
                response = three.response()
                expect(response.status == 503, f"status {response.status}")
                expect("too many connections" in response.text(), response.text())
                expect(three.is_closed(), "the connection stays open")
            one.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            expect(one.response().status == 200, "an open connection suffered")
            for client in (one, two):  # its own end says that the server has seen theirs
                client.socket.shutdown(socket.SHUT_WR)
                expect(client.is_closed(), "something came before the end")
        expect(server.get("/").status == 200, "places are not given back")


def test_without_descriptors_connections_wait():
    with Server("echo.wat", "--workers", "2", descriptors=40) as server:
        clients = [server.connect() for _ in range(60)]
        time.sleep(0.5)
        ticks = server.cpu_ticks()
        time.sleep(0.5)
        expect(server.cpu_ticks() - ticks < 20, "the server spins")
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        for client in clients:
            expect(client.response().status == 200, "a connection was forgotten")
            client.socket.close()
    expect("accept: " in server.log_text, "nothing is in the log")


def test_a_guest_that_cannot_have_its_memory_is_refused():
    path = f"/tmp/selvage-serve-{os.getpid()}.wat"
    with open(path, "w") as file:
        file.write('(module (memory 64) (func (export "_start")))')
    try:
        refused("--listen", "127.0.0.1:0", "--max-memory", "1MiB", path, code=1, text="1048576")
    finally:
        os.unlink(path)


def test_a_full_queue_is_503_and_the_connection_stays():
    ask = b"GET /?n HTTP/1.1\r\nHost: t\r\n\r\n"
    options = ("--max-guests", "1", "--queue-limit", "1", "--timeout", "60s")
    with Server("input.wat", *options) as server:
        with server.connect() as busy, server.connect() as one, server.connect() as other:
            # Its guest has begun, which asks for the body.
            busy.send(b"POST /?c HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            expect(busy.response().status == 100, "the guest does not begin")
            # One of two waits, which the answer to the other says.
            for client in (one, other):
                client.send(ask)
            ready = select.select([one.socket, other.socket], [], [], PATIENCE)[0]
            expect(len(ready) == 1, f"{len(ready)} of two are answered")
            refused, waits = (one, other) if ready[0] is one.socket else (other, one)
            refused.send(ask * 50)
            for _ in range(51):
                response = refused.response()
                expect(response.status == 503, f"status {response.status}")
                expect("more than 1 requests are waiting" in response.text(), response.text())
            busy.send(b"x")
            for client in (busy, waits):
                expect(client.response().status == 200, "what had a place is not answered")
            refused.send(ask)
            expect(refused.response().status == 200, "the server does not recover")


def test_a_spinning_guest_disturbs_nobody():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm", "--timeout", "60s", "--stop-timeout", "10ms", "--workers", "4") as server:
        with server.connect() as spinning:
            spinning.send(b"GET /spin HTTP/1.1\r\nHost: t\r\n\r\n")
            server.wait_for_work()
            for _ in range(200):
                expect(server.get("/").status == 200, "a request failed")
            expect(not select.select([spinning.socket], [], [], 0)[0], "requests waited for a guest that spins")
    with Server("c_cgi.wasm", "--timeout", "1s", "--workers", "4") as server:
        expect(server.get("/spin").status == 504, "the guest was not ended")
    return None


def test_guests_take_turns_on_a_thread():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm", "--timeout", "20s", "--stop-timeout", "10ms",
                "--workers", "1") as server:
        with server.connect() as one, server.connect() as other:
            for spinning in (one, other):
                spinning.send(b"GET /spin HTTP/1.1\r\nHost: t\r\n\r\n")
            server.wait_for_work()
            for i in range(100):
                expect(server.get("/fib/10").text() == "55\n", f"request {i} failed")
            expect(not select.select([one.socket, other.socket], [], [], 0)[0],
                   "an endless guest was answered before short ones were")
    return None


def test_guests_that_sleep_take_no_thread():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    # Each sleeps for a second: one after the other, most would run into the limit of time.
    with Server("c_cgi.wasm", "--timeout", "15s", "--workers", "1") as server:
        sleeping = [server.connect() for _ in range(60)]
        for client in sleeping:
            client.send(b"GET /sleep HTTP/1.1\r\nHost: t\r\n\r\n")
        expect(server.get("/").status == 200, "a request failed")
        for client in sleeping:
            response = client.response()
            expect(response.status == 200 and response.text() == "ok\n", "a sleeper failed")
            client.socket.close()
    return None


def test_more_guests_than_may_run_wait():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm", "--timeout", "15s", "--workers", "2", "--max-guests", "3") as server:
        waiting = [server.connect() for _ in range(7)]
        for client in waiting:
            client.send(b"GET /sleep HTTP/1.1\r\nHost: t\r\n\r\n")
        for client in waiting:
            expect(client.response().status == 200, "a request failed")
            client.socket.close()
    return None


def test_sigterm_lets_requests_finish():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Server("input.wat", "--timeout", "60s", "--stop-timeout", "60s") as server:
            with server.connect() as waiting, server.connect() as idle:
                # Its guest waits for the body, which it has asked for.
                waiting.send(b"POST /?c HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
                expect(waiting.response().status == 100, "the guest does not begin")
                server.process.send_signal(number)
                expect(idle.is_closed(), "an idle connection stays open")
                try:
                    Client(server.port).socket.close()
                    expect(False, "new connections are taken")
                except ConnectionRefusedError:
                    pass
                waiting.send(b"abc")
                response = waiting.response()
                expect(response.status == 200 and response.body == b"\3" + bytes(7), "the request was lost")
                expect(response.header("Connection") == "close", "no Connection: close")
                expect(waiting.is_closed(), "the connection stays open")
            expect(server.process.wait(PATIENCE) == 0, "not exit code 0")


def test_stop_does_not_wait_for_ever():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm", "--timeout", "1h", "--stop-timeout", "300ms") as server:
        with server.connect() as client:
            client.send(b"GET /spin HTTP/1.1\r\nHost: t\r\n\r\n")
            server.wait_for_work()
            server.process.terminate()
            expect(server.process.wait(PATIENCE) == 0, "not exit code 0")
    expect("1 requests unanswered" in server.log_text, f"not in the log: {server.log_text!r}")
    return None


def test_quiet_logs_only_failures():
    with Server("wrong.wat", "--quiet") as server:
        server.get("/m0")
        server.get("/h")
    expect("/m0" not in server.log_text, "a good request is in the log")
    expect("GET /h 500" in server.log_text, "a bad request is not in the log")


def test_a_log_that_nobody_reads_stops_nothing():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    wanted, text = 2000, b""
    with Server("echo.wat", stderr=writer) as server:
        os.close(writer)
        head = f"GET /{'x' * 600} HTTP/1.1\r\nHost: t\r\n\r\n".encode()
        with server.connect() as client:
            for _ in range(wanted // 20):
                client.send(head * 20)
                for _ in range(20):
                    expect(client.response().status == 200, "a request failed")
        while b"dropped" not in text:
            more = os.read(reader, 65536)
            expect(more, "the log ended without a word")
            text += more
        expect(server.get("/afterwards").status == 200, "a request failed")
        while b"/afterwards" not in text:
            text += os.read(reader, 65536)
    os.close(reader)
    lines = text.decode().split("\n")
    dropped = sum(int(line.split()[1]) for line in lines if "log lines dropped" in line)
    kept = sum("/xxx" in line for line in lines)
    expect(dropped > 0 and kept > 0, f"{kept} lines, {dropped} dropped")
    expect(kept + dropped == wanted, f"{kept} lines and {dropped} dropped of {wanted}")


def test_a_log_that_is_never_read_lets_the_server_end():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with Server("echo.wat", stderr=writer) as server:
        os.close(writer)
        for _ in range(100):
            server.get("/" + "x" * 600)
        server.process.terminate()
        expect(server.process.wait(10) == 0, "not exit code 0")
    os.close(reader)


def test_log_lines_cannot_be_forged():
    with Server("echo.wat") as server:
        server.get("/%0a\x7f" + "\"" + "x" * 3000)
        with server.connect() as client:
            client.send(b"GET /\xff HTTP/1.1\r\nHost: t\r\n\r\n")
            client.response()
    for line in server.log_text.split("\n"):
        expect(len(line) < 1200 and line.isprintable(), f"a line like {line[:200]!r}")


def test_clients_that_go_away_do_no_harm():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm", "--timeout", "1500ms", "--quiet") as server:
        server.get("/big")
        before = server.descriptors()
        for i in range(60):
            client = server.connect()
            path = (b"/big", b"/sleep", b"/", b"/spin")[i % 4]
            client.send(b"GET " + path + b" HTTP/1.1\r\nHost: t\r\n\r\n")
            if i % 3 == 0 and path in (b"/big", b"/"):  # in the middle of an answer
                client.socket.recv(100)
            if i % 2:  # reset instead of a proper end
                linger = b"\1\0\0\0\0\0\0\0"
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.socket.close()
        deadline = time.monotonic() + 60
        while server.descriptors() > before and time.monotonic() < deadline:
            time.sleep(0.1)
        expect(server.descriptors() <= before, "descriptors are left open")
        expect(server.get("/").status == 200, "the server suffered")
    return None


def test_slow_readers_are_let_go():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm", "--write-timeout", "300ms") as server:
        with server.connect() as client:
            client.send(b"GET /big HTTP/1.1\r\nHost: t\r\n\r\n")
            client.socket.recv(1000)
            end = time.monotonic() + PATIENCE
            while "--write-timeout" not in server.read_log():
                expect(time.monotonic() < end, "it is waited for")
                time.sleep(0.01)
            total = 0
            while client.receive():
                total += len(client.input)
                client.input = b""
            expect(total < 16 << 20, "a client that read nothing got everything")
    return None


def test_many_threads_of_clients_get_their_own_answers():
    failures = []

    def work(server, number):
        with server.connect() as client:
            for i in range(50):
                body = f"{number}-{i}-".encode() * (1 + i * number % 97)
                head = f"POST /{number}/{i} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n"
                client.send(head.encode() + body)
                response = client.response()
                if response.body != body or response.header("x-target") != f"/{number}/{i}":
                    failures.append(f"{number}/{i}")

    with Server("echo.wat", "--quiet") as server:
        threads = [threading.Thread(target=work, args=(server, n)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    expect(not failures, f"wrong answers: {failures[:5]}")
