"""The pages about providers and parameters say what the data says."""

from __future__ import annotations

from dhenara.ai.providers.provider import KNOWN, load_provider
from tables import examples, features, parameters
from tables.providers import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make tables` to write it anew"


def test_the_page_about_parameters_is_up_to_date() -> None:
    assert parameters.PAGE.read_text(encoding="utf-8") == parameters.page(), "run `make tables` to write it anew"


def test_the_page_about_features_is_up_to_date() -> None:
    assert features.PAGE.read_text(encoding="utf-8") == features.page(), "run `make tables` to write it anew"


def test_the_features_on_the_home_page_are_up_to_date() -> None:
    assert features.HOME.read_text(encoding="utf-8") == features.home(), "run `make tables` to write it anew"


def test_the_page_of_examples_is_up_to_date() -> None:
    assert examples.PAGE.read_text(encoding="utf-8") == examples.page(), "run `make tables` to write it anew"


def test_the_code_of_an_example_is_shown_without_its_fake_server() -> None:
    code = examples.code_of(examples.ROOT / "examples" / "tools.py")
    assert "FakeServer" not in code
    assert "environ" not in code
    assert code.splitlines()[-1] == "main()"


def test_every_parameter_is_described() -> None:
    assert set(parameters.descriptions()) == set(parameters.PARAMETERS)


def test_every_provider_is_on_it_with_its_variables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in KNOWN:
        provider = load_provider(name)
        assert f"| `{provider.name}` |" in text
        assert all(f"`{variable}`" in text for variable in (*provider.key_env, *provider.base_url_env))
