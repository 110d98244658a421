"""`edgecnn devices`: cameras and execution providers. Needs neither torch nor onnx."""

from edgecnn.cli.options import AsFormat, Format, show, table


def devices(form: AsFormat = Format.TEXT) -> None:
    """List cameras with their modes, and execution providers with the model forms each can run."""
    from edgecnn.doctor.devices import device_rows, list_devices

    report = list_devices()
    show(report, table(device_rows(report)), form)
