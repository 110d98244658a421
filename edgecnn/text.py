"""Text from untrusted sources made safe to print, and text that several messages share."""


def printable(text: str, limit: int = 200) -> str:
    """Return untrusted text as one line without control or invisible characters.

    This also removes characters that change the direction of text.

    Args:
        text: From a file, a camera or the network.
        limit: Longest result, in characters.
    """
    return "".join(letter for letter in text if letter.isprintable())[:limit]


def printable_lines(text: str) -> str:
    """Return lines of a message that contains untrusted names, without control characters."""
    return "\n".join(printable(line, limit=len(line)) for line in text.split("\n"))


def pip_line(*extras: str) -> str:
    """Return the command that installs extras such as `train`, from a checkout of edgecnn."""
    return f'pip install ".[{",".join(extras)}]" in the folder of edgecnn'
