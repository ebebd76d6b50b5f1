"""Waiting in tests: for something that is seen, never for time to pass."""
import time


def until(what, condition, seconds=30, pause=.02):
    """Polls until condition() is true and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(pause)
