"""`edgecnn inspect`: what a model file contains. Needs neither torch nor onnx."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from edgecnn.cli.options import AsFormat, Format, Model, show, table
from edgecnn.text import pip_line

if TYPE_CHECKING:
    from edgecnn.inference.inspect import Operators
    from edgecnn.model.model_file import ModelFile


def inspect(model: Model, form: AsFormat = Format.TEXT) -> None:
    """Show the input, labels, size and cost of a model, and its measured accuracy and latency."""
    from edgecnn.inference.first_opening import read_checked
    from edgecnn.inference.inspect import (
        describe_external,
        describe_model,
        external_rows,
        report_rows,
    )
    from edgecnn.inference.provider_trial import try_model
    from edgecnn.model.model_file import find_model, read_capped

    path = find_model(model)
    external = describe_external(path, read_capped(path))
    if external is not None:
        show(external, table(external_rows(external)), form)
        return
    file = read_checked(model)
    report = describe_model(file, _operators(file), try_model(file))
    text = table(report_rows(report))
    if not report.operators:
        text += f"\n(to see its operators: {pip_line('train')})"
    show(report, text, form)


def _operators(model: "ModelFile") -> "Operators | None":
    if find_spec("onnx") is None:
        return None
    from edgecnn.exporter.graph.operator_counts import count_operators

    return count_operators(model)
