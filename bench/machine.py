"""What every result must say: where, when and of what."""
import datetime
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))


def commit_name():
    return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True).stdout.strip() or "unknown"


def describe(load_before):
    """One line: date, commit, machine, load."""
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return (f"{datetime.date.today()}, commit {commit_name()}, {model}, {os.cpu_count()} CPUs, Linux "
            f"{platform.release()}, load {load_before[0]:.1f} before and {os.getloadavg()[0]:.1f} "
            "after.")


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(head, rows):
    """Lines of a Markdown table."""
    return [row(head), row(["---"] * len(head))] + [row(cells) for cells in rows]


def call(*command, timeout=300):
    """Run a command of a build; what it says goes into the exception if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr.strip()[:2000]}")
    return done.stdout
