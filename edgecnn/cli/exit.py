"""Exit codes that no error class has, and ending the process without waiting for threads."""

import os
import sys
from typing import NoReturn

EXIT_INTERNAL, EXIT_INTERRUPTED = 70, 130


def end_now(code: int) -> NoReturn:
    """End the process while a thread still runs, since nothing can stop a hung inference."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
