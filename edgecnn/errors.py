"""Every error edgecnn raises on purpose: what happened, what to do next, and its exit code.

EdgeError              70  a bug in edgecnn, if it is ever raised bare
|- CheckFailed          1  a check that was asked for did not pass
|- OptionError          2  an option has a value that cannot be used
|- NotFound             3  a model, data set, camera or file is not there
|- Refused              4  something is there, and must not or cannot be used
|  |- SpecError            a spec or card breaks its own rules
|  |- ModelError           a model file breaks the contract
|  |  `- NonFinite         a network answers with NaN or infinity
|  |- FrameError           an array is not a uint8 picture
|  `- DataError            a data set or checkpoint cannot be trusted
|- DeviceError          5  this machine lacks something
|  |- ChildFailed          a child process crashed, or took more than it may
|  |- LibraryError         a library is missing, doubled or cannot be loaded
|  |- ProviderError        an execution provider is not there or does not take the model
|  `- SourceError          a camera or stream did not open or stopped
|- Hung                 6  an inference did not return: only ending the process helps
`- Stopped            130  somebody stopped the work; what was done is kept
"""


class EdgeError(Exception):
    """Base of every error edgecnn raises on purpose: what went wrong, then what to do."""

    exit_code = 70

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(f"{what}\n  try: {remedy}")
        self.what, self.remedy = what, remedy


class CheckFailed(EdgeError):  # noqa: N818  (it reads as the verdict it is)
    """A check that was asked for did not pass."""

    exit_code = 1


class OptionError(EdgeError):
    """An option has a value that cannot be used."""

    exit_code = 2


class NotFound(EdgeError):  # noqa: N818
    """A model, data set, camera or file is not there."""

    exit_code = 3


class Refused(EdgeError):  # noqa: N818
    """Something is there, and must not or cannot be used."""

    exit_code = 4


class SpecError(Refused):
    """A spec or card breaks its own rules."""


class ModelError(Refused):
    """A model file breaks the contract."""


class NonFinite(ModelError):  # noqa: N818
    """A network answers with NaN or infinity."""


class FrameError(Refused):
    """An array is not a uint8 picture."""


class DataError(Refused):
    """A data set or checkpoint cannot be trusted."""


class DeviceError(EdgeError):
    """This machine lacks something."""

    exit_code = 5


class ChildFailed(DeviceError):  # noqa: N818
    """A child process crashed, or took more than it may."""


class LibraryError(DeviceError):
    """A library is missing, installed twice or cannot be loaded."""


class ProviderError(DeviceError):
    """An execution provider is not there or does not take the model."""


class SourceError(DeviceError):
    """A camera or stream did not open or stopped."""


class Hung(EdgeError):  # noqa: N818
    """An inference did not return: only ending the process helps."""

    exit_code = 6


class Stopped(EdgeError):  # noqa: N818
    """Somebody stopped the work; what was done is kept."""

    exit_code = 130


def error_class(name: str) -> type[EdgeError]:
    """Return the class of this module that has a name, such as an error of another process."""
    found: type[EdgeError] = globals()[name]
    return found
