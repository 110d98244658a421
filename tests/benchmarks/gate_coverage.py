"""How often the gate's bound misses, and how often the gate passes, by exact enumeration.

    PYTHONPATH=tests python tests/benchmarks/gate_coverage.py

For each number of pictures: the worst chance, over true rates up to 30 %, that the one-sided 95 %
bound lies below the true drop; then the share of PASS at a true drop of 0 and of exactly the limit
of 0.5 points, where 0.1 % of the pictures change their label for the better.
"""

import typer
from exporter.gate.coverage import passes, worst_miss

PICTURES = (20, 30, 50, 75, 100, 200, 500, 1000)
JUDGED = (240, 500, 1000, 2000, 5000)
"""Validation sets for which the share of PASS is printed."""
WON, LIMIT = 0.001, 0.005


def main() -> None:
    """Print both tables."""
    print("pictures  worst miss  at lost, won")
    for pictures in PICTURES:
        chance, lost, won = worst_miss(pictures)
        print(f"{pictures:8}  {chance:10.2%}  {lost:.2%}, {won:.2%}")
    print("\npictures  PASS at a drop of 0  PASS at the limit")
    for pictures in JUDGED:
        fair, unfair = (passes(pictures, WON, drop, LIMIT) for drop in (0.0, LIMIT))
        print(f"{pictures:8}  {fair:19.1%}  {unfair:17.2%}")


if __name__ == "__main__":
    typer.run(main)
