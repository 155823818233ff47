"""`selvage top`: what it makes of two looks, its page on a terminal, and that it leaves nothing behind."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from control import PATIENCE, SELVAGE, Control, environment, expect, fine, refused

METRICS = "GET /v1/metrics"
BOUNDS = [0.001, 0.01, 0.1]
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"


def row(name, latencies, **changes):
    return {"name": name, "requests": sum(latencies), "client_errors": 0, "server_errors": 0, "traps": 0, "limited": 0,
            "loads": 1, "in_flight": 0, "slots": 2, "slots_in_use": 0, "memory": 65536, "latencies": latencies, **changes}


class Looks:
    """Answers one sample after the other, then the last one again."""

    def __init__(self, *samples):
        self.samples, self.count = samples, 0

    def __call__(self, request):
        at = min(self.count, len(self.samples) - 1)
        self.count += 1
        return 200, {"time": float(self.count * 2), "bounds": BOUNDS, "deployments": self.samples[at]}


def looks():
    return Looks([row("quiet", [0, 0, 0, 0]), row("busy", [10, 0, 0, 5])],
                 [row("busy", [110, 98, 2, 5], server_errors=4, traps=3, in_flight=2, slots=8), row("quiet", [0, 0, 0, 0]),
                  row("new", [0, 0, 0, 1], memory=3 << 20)])


def test_once_prints_what_happened_between_two_looks():
    with Control() as control:
        control.told[METRICS] = looks()
        answer = fine(control.run("top", "--once", "--interval", "100ms")).out.splitlines()
        table = [line.split() for line in answer]
        expect(table[0] == ["NAME", "REQ/S", "P50", "P99", "ERR/S", "TRAPS", "LIMITED", "COLD", "SLOTS", "MEMORY"], f"{table}")
        # 100 below 1 ms, 98 below 10 ms, 2 below 100 ms, in two seconds.
        expect(table[1] == ["busy", "100.0", "1.00ms", "10.0ms", "2.0", "3", "0", "1", "2/8", "64", "KiB"], f"{table[1]}")
        expect([line[0] for line in table[1:]] == ["busy", "new", "quiet"], f"{table}")
        expect(table[3][2:4] == ["-", "-"] and table[2][2] == "100ms" and table[2][-2:] == ["3", "MiB"], f"{table}")


def test_json_is_an_object_for_each_look():
    with Control() as control:
        control.told[METRICS] = looks()
        answer = json.loads(fine(control.run("top", "--once", "--json", "--interval", "100ms")).out)
        busy = answer["deployments"][0]
        busy["p99_ms"] = round(busy["p99_ms"], 6)
        expect(busy == {"name": "busy", "requests_per_second": 100.0, "errors_per_second": 2.0, "p50_ms": 1.0, "p99_ms": 10.0,
                        "traps": 3, "cold_starts": 1, "limited": 0, "in_flight": 2, "slots": 8, "memory": 65536}, f"{busy}")
        expect(answer["requests_per_second"] == 100.5 and answer["in_flight"] == 2, f"{answer}")
        control.told[METRICS] = looks()
        watching = subprocess.Popen([SELVAGE, "top", "--json", "--interval", "100ms"], stdout=subprocess.PIPE,
                                    env=environment("/nonexistent", control.url))
        lines = [json.loads(watching.stdout.readline()) for _ in range(3)]
        watching.kill()
        watching.wait()
        watching.stdout.close()
        expect([line["deployments"][0]["requests_per_second"] for line in lines] == [100.0, 0.0, 0.0], f"{lines}")


def test_a_server_that_began_again_counts_from_nothing():
    with Control() as control:
        control.told[METRICS] = Looks([row("site", [1000, 0, 0, 0])], [row("site", [6, 0, 0, 0])])
        answer = json.loads(fine(control.run("top", "--once", "--json", "--interval", "100ms")).out)
        expect(answer["requests_per_second"] == 3.0, f"{answer}")


def test_wrong_answers_and_no_terminal_are_told_in_one_line():
    with Control() as control:
        control.told[METRICS] = Looks([])
        refused(control.run("top"), "there is no terminal", code=2)
        refused(control.run("top", "--once", "--interval", "1ms"), "100ms or more", code=2)
        for changes in ({"latencies": [1]}, {"latencies": ["x"] * 4}, {"requests": -1}, {"memory": None}, {"name": 5}):
            control.told[METRICS] = Looks([row("site", [0, 0, 0, 0])])
            wrong = {**row("site", [0, 0, 0, 0]), **changes}
            control.told[METRICS] = lambda request, wrong=wrong: (200, {"time": 1.0, "bounds": BOUNDS, "deployments": [wrong]})
            refused(control.run("top", "--once"), "not of this API")
            control.wrong.clear() # it is meant to be


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, control, columns, rows):
        self.master, slave = pty.openpty()
        self.size(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen([SELVAGE, "top", "--interval", "100ms"], stdin=slave, stdout=slave, stderr=slave,
                                        env=environment("/nonexistent", control.url), start_new_session=True)
        self.slave, self.seen = slave, b""

    def size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition(self.seen):
            expect(time.monotonic() < end, f"{what}: {self.seen[-600:]}")
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)

    def page(self):
        """The lines of the last whole page."""
        page = self.seen.rsplit(b"\x1b[J", 1)[0].rsplit(b"\x1b[H", 1)[1].decode()
        for sequence in "\x1b[1m", "\x1b[0m", "\x1b[K":
            page = page.replace(sequence, "")
        return page.replace("\r", "").split("\n")

    def end(self):
        self.wait_for(lambda seen: LEAVE in seen, "the page stays")
        code = self.process.wait(PATIENCE)
        after = termios.tcgetattr(self.slave)
        os.close(self.master)
        os.close(self.slave)
        expect(after == self.before, "the terminal is another")
        return code


def test_the_page_follows_the_size_and_q_ends_it():
    with Control() as control:
        control.told[METRICS] = looks()
        terminal = Terminal(control, 120, 24)
        terminal.wait_for(lambda seen: ENTER in seen and seen.count(b"\x1b[J") >= 3, "no page")
        page = terminal.page()
        expect(page[0].startswith("selvage top ") and "3 deployments" in page[0] and page[2].startswith("NAME") and
               any("busy" in line for line in page), f"{page}")
        terminal.size(30, 4)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        count = terminal.seen.count(b"\x1b[H")
        terminal.wait_for(lambda seen: seen.count(b"\x1b[J") >= count + 2, "no page of another size")
        page = terminal.page()
        expect(len(page) == 4 and max(map(len, page)) <= 30, f"{page}")
        os.write(terminal.master, b"xq")
        expect(terminal.end() == 0, "an error")


def test_signals_give_the_terminal_back():
    for number in signal.SIGTERM, signal.SIGINT:
        with Control() as control:
            control.told[METRICS] = looks()
            terminal = Terminal(control, 80, 24)
            terminal.wait_for(lambda seen: seen.count(b"\x1b[J") >= 1, "no page")
            terminal.process.send_signal(number)
            expect(terminal.end() == -number, "another end")


def test_a_server_that_is_gone_for_a_while_is_asked_again():
    with Control() as control:
        answer = looks()
        control.told[METRICS] = lambda request: answer(request) if answer.count not in (2, 3) else (
            setattr(answer, "count", answer.count + 1), (503, {"error": {"code": "busy", "message": "come again"}}))[1]
        terminal = Terminal(control, 120, 24)
        terminal.wait_for(lambda seen: b"come again" in seen, "it is not said")
        count = terminal.seen.count(b"\x1b[J")
        terminal.wait_for(lambda seen: seen.count(b"\x1b[J") >= count + 4, "it does not go on")
        expect(not any("come again" in line for line in terminal.page()), "it is still said")
        os.write(terminal.master, b"q")
        expect(terminal.end() == 0, "an error")
