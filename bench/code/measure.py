"""Runs of a command: its CPU time, or its instructions, and what it printed."""
import hashlib
import json
import os
import re
import subprocess

from variants import WORK

COUNTS = WORK / "counts.json"


def run_once(command, own_clock=False):
    """(CPU seconds, output) of one run."""
    process = subprocess.Popen([str(part) for part in command.argv], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    output = process.stdout.read()
    errors = process.stderr.read().decode(errors="replace")
    process.stdout.close()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"exit {process.returncode}: {errors.strip()[-300:]}")
    if own_clock:
        return float(errors.split()[-1]), output
    return usage.ru_utime + usage.ru_stime, output


def read_counts():
    return json.loads(COUNTS.read_text()) if COUNTS.exists() else {}


def count_once(command):
    """(instructions, output) of one run under Valgrind, which counts what the CPU does not say in
    a virtual machine. They differ by thousandths from run to run."""
    done = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
         *map(str, command.argv)], capture_output=True, timeout=1800)
    found = re.search(r"I +refs: +([0-9,]+)", done.stderr.decode(errors="replace"))
    if done.returncode != 0 or not found:
        last = done.stderr.decode(errors="replace").strip()[-300:]
        raise RuntimeError(f"valgrind: exit {done.returncode}: {last}")
    return int(found[1].replace(",", "")), done.stdout


def count(key, command, counts):
    """(instructions, output); kept, and counted again only for code that has changed."""
    digest = hashlib.sha256(command.code.read_bytes()).hexdigest()
    if counts.get(key, {}).get("code") != digest:
        instructions, output = count_once(command)
        counts[key] = {"code": digest, "instructions": instructions, "output": output.decode()}
        waiting = COUNTS.with_suffix(".new")
        waiting.write_text(json.dumps(counts, indent=1))
        waiting.rename(COUNTS)
    return counts[key]["instructions"], counts[key]["output"].encode()
