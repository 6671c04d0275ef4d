"""The documentation page of the language is what the code says, and names all of it."""

from pathlib import Path

from integrations.mapping.conditions import OPERATORS
from integrations.mapping.functions import REGISTRY
from integrations.mapping.reference import language_reference

PAGE = Path(__file__).parents[3] / "docs" / "mapping-language.md"


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == language_reference(), (
        "run: manage.py mapping docs > docs/mapping-language.md"
    )


def test_the_page_names_every_function_parameter_and_comparison() -> None:
    page = language_reference()
    for name, function in REGISTRY.items():
        section = page.split(f"#### `{name}`\n", 1)[1].split("####", 1)[0]
        assert function.doc in section
        assert all(f"| `{parameter.name}` |" in section for parameter in function.parameters)
    assert all(f"| `{name}` |" in page for name in OPERATORS)
