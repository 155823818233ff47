"""Kill -9 at random instants (killing.py); `tests/platform/kill` does more of them."""
import time

import killing


def test_kills_lose_nothing_that_was_acknowledged():
    seed = int(time.time())
    print(f"seed {seed}") # Failures have it too
    killing.run(25, seed)
