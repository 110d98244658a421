"""The `edgecnn` command, also as `python -m edgecnn`."""

import signal


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded ends it without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edgecnn.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
