"""Providers have one short name each."""

from edgecnn.inference.provider_facts import CPU, SHORT_NAMES, short_name


def test_every_short_name_stands_for_one_provider() -> None:
    assert {short_name(full): full for full in SHORT_NAMES.values()} == SHORT_NAMES
    assert short_name(CPU) == "cpu"


def test_a_provider_without_a_short_name_keeps_its_own() -> None:
    assert short_name("AzureExecutionProvider") == "AzureExecutionProvider"
