"""`edgecnn bench` as a user meets it."""

from pathlib import Path

from commands import Main


def test_bench_tells_the_ratio_the_threads_and_the_machine(
    main: Main, int8: Path, fp32: Path
) -> None:
    text = main("bench", fp32, int8, "--rounds", "20").stdout
    for words in ("second / first", "20 rounds", "1 thread", "onnxruntime", "cores"):
        assert words in text
