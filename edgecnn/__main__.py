"""The entry point of `edgecnn` and `python -m edgecnn`."""

import signal


def main() -> None:
    """Run the command line. Ctrl-C during the imports ends the process without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edgecnn.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
