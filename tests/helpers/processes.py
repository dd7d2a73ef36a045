"""What a test of other processes waits for: events, never seconds."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], seconds: float = 1_200) -> bool:
    """Wait until a condition holds; say whether it came to hold, on a slow machine too."""
    for _ in range(int(seconds * 20)):
        if condition():
            return True
        time.sleep(0.05)
    return False
