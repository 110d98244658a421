"""`edgecnn devices`: cameras and execution providers. It needs neither torch nor onnx."""

from edgecnn.cli.options import AsFormat, Format, show, table


def devices(form: AsFormat = Format.TEXT) -> None:
    """List cameras with their modes, and execution providers with what each can do here."""
    from edgecnn.doctor.devices import device_rows, list_devices

    report = list_devices()
    show(report, table(device_rows(report)), form)
