"""Run a command and write its peak memory in KiB to a file: measure.py FILE COMMAND..."""
import resource
import subprocess
import sys

code = subprocess.run(sys.argv[2:], check=False).returncode
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
