"""All errors that edgecnn raises on purpose. Each has a message, a remedy and an exit code.

EdgeError              70  the base class; raised itself, it is a bug in edgecnn
|- CheckFailed          1  a requested check did not pass
|- OptionError          2  an option has an invalid value
|- NotFound             3  a model, data set, camera or file does not exist
|- Refused              4  an input exists but is invalid or unsafe
|  |- SpecError            a model's spec or card is invalid
|  |- ModelError           a model file violates the contract
|  |  `- NonFinite         a network returned NaN or infinity
|  |- FrameError           an array is not a uint8 image
|  `- DataError            a data set or checkpoint is invalid
|- DeviceError          5  this machine cannot do what was requested
|  |- ChildFailed          a child process crashed or exceeded its limits
|  |- LibraryError         a library is missing, installed twice or fails to load
|  |- ProviderError        an execution provider is missing or rejects the model
|  `- SourceError          a camera or stream did not open, or it stopped
|- Hung                 6  an inference did not return; only ending the process helps
`- Stopped            130  the user stopped the work; finished parts are kept
"""


class EdgeError(Exception):
    """Base class of all errors that edgecnn raises on purpose.

    Args:
        what: What went wrong, with the offending value.
        remedy: What the user can do about it.
    """

    exit_code = 70

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(f"{what}\n  try: {remedy}")
        self.what, self.remedy = what, remedy


class CheckFailed(EdgeError):  # noqa: N818  (reads well without the suffix Error)
    """A requested check did not pass."""

    exit_code = 1


class OptionError(EdgeError):
    """An option has an invalid value."""

    exit_code = 2


class NotFound(EdgeError):  # noqa: N818
    """A model, data set, camera or file does not exist."""

    exit_code = 3


class Refused(EdgeError):  # noqa: N818
    """An input exists but is invalid or unsafe."""

    exit_code = 4


class SpecError(Refused):
    """A model's spec or card is invalid."""


class ModelError(Refused):
    """A model file violates the contract."""


class NonFinite(ModelError):  # noqa: N818
    """A network returned NaN or infinity."""


class FrameError(Refused):
    """An array is not a uint8 image."""


class DataError(Refused):
    """A data set or checkpoint is invalid."""


class DeviceError(EdgeError):
    """This machine cannot do what was requested."""

    exit_code = 5


class ChildFailed(DeviceError):  # noqa: N818
    """A child process crashed or exceeded its limits."""


class LibraryError(DeviceError):
    """A library is missing, installed twice or fails to load."""


class ProviderError(DeviceError):
    """An execution provider is missing or rejects the model."""


class SourceError(DeviceError):
    """A camera or stream did not open, or it stopped."""


class Hung(EdgeError):  # noqa: N818
    """An inference did not return; only ending the process helps."""

    exit_code = 6


class Stopped(EdgeError):  # noqa: N818
    """The user stopped the work; finished parts are kept."""

    exit_code = 130


def error_class(name: str) -> type[EdgeError]:
    """Return the error class with this name, to raise an error of a child process again."""
    return globals()[name]  # type: ignore[no-any-return]
