"""What measurements share: what every result must say, tables, and running and unpacking things."""
import datetime
import os
import pathlib
import platform
import subprocess
import tarfile

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


def unpack(archive, folder):
    """Unpack a tar file, nothing of which gets out of the folder where Python can see to that."""
    with tarfile.open(archive) as opened:
        # Debian 12's Python has no filters yet.
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        opened.extractall(folder, **safe)


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
