"""Exit codes of the command that no error class carries, and an end that waits for no thread."""

import os
import sys
from typing import NoReturn

EXIT_INTERNAL, EXIT_INTERRUPTED = 70, 130


def end_now(code: int) -> NoReturn:
    """End the process although a thread still works: nothing can stop a hung inference."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
