"""Ending a process while one of its threads hangs."""

import subprocess
import sys

HANGING = """
import threading, time
from edgecnn.cli.exit import end_now
threading.Thread(target=time.sleep, args=(1000,)).start()
print("last words", end="")
end_now(6)
"""


def test_a_process_ends_with_its_output_and_code_while_a_thread_hangs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (6, "last words")
