"""A process that asked for the parent death signal ends with its parent."""

import subprocess
import sys

from processes import left

CHILD = (
    "from edgecnn.parent_death import die_with_parent; die_with_parent();"
    "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
)
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(600)
"""


def test_a_child_is_killed_when_its_parent_is_killed() -> None:
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert left([child]) == 0


def test_it_is_light_so_that_it_can_run_before_everything_else() -> None:
    code = "import sys, edgecnn.parent_death;print({'numpy', 'cv2', 'json'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"
