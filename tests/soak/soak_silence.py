"""To whom a run talks: every address that its processes contact, from outside, call by call.

    PYTHONPATH=tests python tests/soak/soak_silence.py [--seconds 60]

A run classifies an HTTP camera on loopback under strace; nothing but that camera may be contacted.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typer
from cameras import forever, http_camera

CALL = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*\bAF_INET6?\b")
ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?"([^"]+)"')
MAIN = "from edgecnn.__main__ import main; main()"
FPS = 50


def contacted(model: str, seconds: float, folder: Path) -> tuple[set[str], str]:
    """Return the addresses that a run contacted, and that of its camera.

    Raises:
        FileNotFoundError: strace is not installed.
    """
    if shutil.which("strace") is None:
        raise FileNotFoundError("strace is not installed")
    log = folder / "calls.log"
    with http_camera(forever) as camera:
        subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(log), sys.executable, "-c",
             MAIN, "run", model, "--source", camera.url, f"--max-frames={int(seconds * FPS)}"],
            check=True, timeout=60 + 5 * seconds, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        port = camera.port
    calls = [line for line in log.read_text().splitlines() if CALL.search(line)]
    found = [ADDRESS.search(call) for call in calls]
    return {f"{m[2]}:{m[1]}" if m else "?" for m in found}, f"127.0.0.1:{port}"


def main(seconds: float = 60.0, model: str = "digits") -> None:
    """Print the addresses; fail if there is another one than the camera's."""
    with tempfile.TemporaryDirectory() as folder:
        found, camera = contacted(model, seconds, Path(folder))
    print(f"contacted in {seconds:g} s: {', '.join(sorted(found))}; the camera is {camera}")
    if found != {camera}:
        raise SystemExit("it talked to somebody else")


if __name__ == "__main__":
    typer.run(main)
