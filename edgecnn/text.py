"""Text from outside, made safe to print; and what several messages say."""


def printable(text: str, limit: int = 200) -> str:
    """Return text from outside as one short line without control characters.

    Nor are there any that change the direction of text, or what else no one could see.
    """
    return "".join(letter for letter in text if letter.isprintable())[:limit]


def printable_lines(text: str) -> str:
    """Return text of ours, with names from outside in it, without control characters."""
    lines = text.split("\n")
    return "\n".join(printable(line, limit=len(line)) for line in lines)


def pip_line(*extras: str) -> str:
    """Return how to install extras of edgecnn, which is installed from its own folder."""
    return f'pip install ".[{",".join(extras)}]" in the folder of edgecnn'
