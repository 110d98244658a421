"""Finds out what each execution provider can do on this machine, by running real models on it.

Each trial runs in a child process, since a broken driver can crash or block its process.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgecnn.errors import EdgeError
from edgecnn.inference.isolated import isolated
from edgecnn.inference.plugins import Plugin, plugin_packages, register
from edgecnn.inference.provider_facts import MIN_SHARE
from edgecnn.model.form import Form
from edgecnn.model.shipped import MODELS
from edgecnn.records import Record
from edgecnn.text import printable

if TYPE_CHECKING:
    from edgecnn.model.model_file import ModelFile

TRIED = {Form.INT8: MODELS / "digits.int8.onnx", Form.FP32: MODELS / "probe.fp32.onnx"}
"""A shipped model of each form."""


@dataclass(frozen=True)
class Trial(Record):
    """What a provider did with one model."""

    form: Form
    share: float
    """Share of the multiply-adds that it executed, 0 to 1."""
    problem: str
    """Why it did not run; empty if it ran and reproduced the golden logits."""

    def words(self, forms: str) -> str:
        """Return the outcome as text; `forms` names the forms that share it."""
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
    """Name for `--provider`."""
    package: str
    """The package that it is from, with its version."""
    trials: tuple[Trial, ...]

    @property
    def starts(self) -> bool:
        """Whether it ran at least one model."""
        return any(not trial.problem for trial in self.trials)

    def __str__(self) -> str:
        forms_by_outcome: dict[str, list[str]] = {}
        for trial in self.trials:
            forms_by_outcome.setdefault(trial.words("{}"), []).append(trial.form)
        outcomes = forms_by_outcome.items()
        return "; ".join(text.replace("{}", " and ".join(forms)) for text, forms in outcomes)


@dataclass(frozen=True)
class Providers(Record):
    """All execution providers of this machine."""

    tried: tuple[Provider, ...]
    plugins: tuple[Plugin, ...]


def try_providers(models: Mapping[Form, Path] = TRIED) -> Providers:
    """Start every provider of ONNX Runtime and of its plugins on every model.

    Raises:
        ChildFailed, LibraryError: ONNX Runtime itself cannot be imported.
    """
    built_in = json.loads(isolated(_list_built_in))
    plugins = tuple(_register(package) for package in plugin_packages())
    packages = dict.fromkeys(built_in["providers"], built_in["package"])
    for plugin in plugins:
        packages |= dict.fromkeys(plugin.providers, f"{plugin.package} {plugin.version}")
    tried = {name: tuple(_try(name, form, models[form]) for form in models) for name in packages}
    providers = (Provider(name, packages[name], trials) for name, trials in tried.items())
    return Providers(tuple(providers), plugins)


def try_model(model: "ModelFile") -> tuple[Provider, ...]:
    """Start every provider on one model file; raises what `try_providers` raises."""
    return try_providers({model.card.form: model.path}).tried


def _try(provider: str, form: Form, model: Path) -> Trial:
    try:
        return Trial.from_json(isolated(_try_in_child, json.dumps([provider, str(model)])))
    except EdgeError as error:
        return Trial(form, 0.0, error.what)


def _register(package: str) -> Plugin:
    try:
        return Plugin.from_json(isolated(_register_in_child, package))
    except EdgeError as error:
        return Plugin(package, plugin_packages()[package], (), error.what)


# The functions below run in the child process.


def _register_in_child(package: str) -> str:
    return register(package).to_json()


def _list_built_in(_: str) -> str:
    from edgecnn.inference.builds import installed_builds, installed_version
    from edgecnn.inference.providers import BUILT_IN

    (build,) = installed_builds()
    providers = sorted(BUILT_IN, reverse=True)
    return json.dumps({"providers": providers, "package": f"{build} {installed_version(build)}"})


def _try_in_child(provider_and_model: str) -> str:
    from edgecnn.inference.classifier import Classifier
    from edgecnn.model.model_file import read_model

    provider, model = json.loads(provider_and_model)
    form = read_model(model).card.form
    try:
        with Classifier(model, provider=provider, allow_cpu=True) as classifier:
            return Trial(form, classifier.assignment.share, "").to_json()
    except EdgeError as error:
        problem = printable(" ".join(error.what.split()), limit=500)
        return Trial(form, 0.0, problem).to_json()
