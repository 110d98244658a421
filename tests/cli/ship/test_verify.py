"""`edgecnn verify` as a user meets it."""

import json
from pathlib import Path

from commands import Main
from craft import with_fields, with_new_digest

from edgecnn.model.digest import SPEC_KEY


def test_verify_says_what_is_wrong_and_is_exit_code_1(
    main: Main, int8: Path, tmp_path: Path
) -> None:
    changed = with_new_digest(int8, tmp_path, with_fields(SPEC_KEY, fit="stretch"))
    done = main("verify", changed, "--format", "json")
    assert done.returncode == 1
    results = {row["name"]: row["result"] for row in json.loads(done.stdout)["checks"]}
    assert (results["digest"], results["fit rule"], results["run"]) == ("OK", "FAIL", "SKIPPED")
    assert "frames are fitted by another rule: the file says stretch, grid8" in done.stderr
