"""What each execution provider can do here: found by starting it on real models, not by its name.

Each is tried in a process of its own, since a broken driver ends or hangs the process it is in.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from edgecnn.errors import EdgeError
from edgecnn.inference.isolated import isolated
from edgecnn.inference.plugins import Plugin, plugin_packages, register
from edgecnn.inference.provider_facts import MIN_SHARE
from edgecnn.model.form import Form
from edgecnn.records import Record
from edgecnn.text import printable

if TYPE_CHECKING:
    from edgecnn.model.model_file import ModelFile

_MODELS = Path(str(files("edgecnn"))) / "shipped" / "models"
TRIED = {Form.INT8: _MODELS / "digits.int8.onnx", Form.FP32: _MODELS / "probe.fp32.onnx"}
"""One of each form."""


@dataclass(frozen=True)
class Trial(Record):
    """What a provider did with one model."""

    form: Form
    share: float
    """Share of the multiply-adds that it took, 0 to 1."""
    problem: str
    """Why it did not run; empty if it did and its golden answers are right."""

    def words(self, forms: str) -> str:
        """Say what it did with these forms."""
        if self.problem:
            return f"{forms}: {self.problem}"
        if self.share >= MIN_SHARE:
            return f"runs {forms}"
        if not self.share:
            return f"takes nothing of {forms}, the CPU would do it all"
        return f"takes {self.share:.1%} of {forms}, the CPU would do the rest"


@dataclass(frozen=True)
class Provider(Record):
    """One execution provider, tried."""

    name: str
    """What `--provider` takes."""
    package: str
    """Where it comes from, with its version."""
    trials: tuple[Trial, ...]

    @property
    def starts(self) -> bool:
        """Tell whether it ran a model at all."""
        return any(not trial.problem for trial in self.trials)

    def __str__(self) -> str:
        alike: dict[str, list[str]] = {}
        for trial in self.trials:
            alike.setdefault(trial.words("{}"), []).append(trial.form)
        return "; ".join(words.replace("{}", " and ".join(f)) for words, f in alike.items())


@dataclass(frozen=True)
class Providers(Record):
    """All of this machine."""

    tried: tuple[Provider, ...]
    plugins: tuple[Plugin, ...]


def try_providers(models: Mapping[Form, Path] = TRIED) -> Providers:
    """Start every provider of ONNX Runtime and of its plugins on every model.

    Raises:
        ChildFailed, LibraryError: ONNX Runtime itself cannot be imported.
    """
    found = json.loads(_ask("built in"))
    plugins = tuple(_ask_plugin(package) for package in plugin_packages())
    homes = dict.fromkeys(found["providers"], found["package"])
    for plugin in plugins:
        homes |= dict.fromkeys(plugin.providers, f"{plugin.package} {plugin.version}")
    tried = (Provider(name, home, tuple(_try(name, models))) for name, home in homes.items())
    return Providers(tuple(tried), plugins)


def try_model(model: "ModelFile") -> tuple[Provider, ...]:
    """Start every provider on one model file; raises what `try_providers` raises."""
    return try_providers({model.card.form: model.path}).tried


def _try(name: str, models: Mapping[Form, Path]) -> Iterator[Trial]:
    for form, model in models.items():
        try:
            yield Trial.from_json(_ask("try", provider=name, model=str(model)))
        except EdgeError as error:
            yield Trial(form, 0.0, error.what)


def _ask_plugin(package: str) -> Plugin:
    try:
        return Plugin.from_json(_ask("plugin", package=package))
    except EdgeError as error:
        return Plugin(package, plugin_packages()[package], (), error.what)


def _ask(what: str, **arguments: str) -> str:
    return isolated(answer, json.dumps({"what": what, **arguments}))


def answer(question: str) -> str:
    """Answer one question of `_ask`, in the other process."""
    asked = json.loads(question)
    if asked["what"] == "plugin":
        return register(asked["package"]).to_json()
    if asked["what"] == "try":
        return _trial(asked["provider"], Path(asked["model"])).to_json()
    return _built_in()


def _built_in() -> str:
    from edgecnn.inference.builds import installed_builds, installed_version
    from edgecnn.inference.providers import BUILT_IN

    (build,) = installed_builds()
    providers = sorted(BUILT_IN, reverse=True)
    return json.dumps({"providers": providers, "package": f"{build} {installed_version(build)}"})


def _trial(provider: str, path: Path) -> Trial:
    from edgecnn.inference.classifier import Classifier
    from edgecnn.model.model_file import read_model

    form = read_model(path).card.form
    try:
        with Classifier(path, provider=provider, allow_cpu=True) as classifier:
            return Trial(form, classifier.assignment.share, "")
    except EdgeError as error:
        return Trial(form, 0.0, printable(" ".join(error.what.split()), limit=500))
