"""The colours hold their contrast, the vendored files are the published ones, and no page breaks the content policy."""

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from integrations.kinds import ConnectionHealth, Family, Kind, RunStatus
from portal.web.icons import ICONS, KIND_ICONS
from portal.web.vendoring import subset

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHEETS = sorted((STATIC / "css").glob("*.css"))

_TOKEN = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


def tokens(theme: str) -> dict[str, str]:
    found = _TOKEN.findall((STATIC / "css/tokens.css").read_text())
    return {name: light if theme == "light" else dark for name, light, dark in found}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


# front, back, the least ratio: 4.5 for words, 3 for what only marks (WCAG 2.2, 1.4.3 and 1.4.11)
PAIRS = [
    *[
        (front, back, 4.5)
        for front in ("text", "text-2", "text-3")
        for back in ("surface", "canvas", "hover")
    ],
    *[(front, back, 4.5) for front in ("text", "text-2", "text-3") for back in ("sunken", "primary-soft")],
    *[("primary", back, 4.5) for back in ("surface", "canvas", "hover", "primary-soft")],
    ("primary-hover", "surface", 4.5),
    ("on-primary", "primary", 4.5),
    ("on-primary", "primary-hover", 4.5),
    ("on-ink", "ink", 4.5),
    ("ink", "surface", 3),
    ("line-input", "surface", 3),
    ("focus", "surface", 3),
    ("focus", "canvas", 3),
    ("chart", "surface", 3),
    *[(family.value, f"{family.value}-bg", 4.5) for family in Family],
    *[(family.value, "surface", 4.5) for family in Family],
    *[(f"{family.value}-s", "surface", 3) for family in Family],
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_a_colour_is_readable_on_what_lies_under_it(theme, front, back, least):
    colours = tokens(theme)

    assert contrast(colours[front], colours[back]) >= least


def test_the_ratio_is_the_one_of_the_guideline():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # From the design guide: text on surface, 16.5 in light.
    assert contrast("#14202b", "#ffffff") == pytest.approx(16.5, abs=0.05)


def test_no_sheet_but_the_tokens_names_a_colour():
    # The mark of the product and the white on it are the same in both themes.
    named = {
        sheet.name: re.findall(r"#[0-9a-fA-F]{6}\b", sheet.read_text())
        for sheet in SHEETS
        if sheet.name != "tokens.css"
    }

    assert {name: colours for name, colours in named.items() if colours} == {
        "shell.css": ["#0b5f6e", "#cf2e2e"]
    }


def test_every_variable_that_a_sheet_uses_is_declared():
    everything = "\n".join(sheet.read_text() for sheet in SHEETS)
    declared = set(re.findall(r"(--[\w-]+):", everything))

    assert set(re.findall(r"var\((--[\w-]+)", everything)) <= declared


def test_every_sheet_is_linked_and_every_link_leads_to_a_file():
    linked = set(re.findall(r'{% static "([^"]+)" %}', "".join(page.read_text() for page in TEMPLATES)))

    assert {f"css/{sheet.name}" for sheet in SHEETS} <= linked
    assert [path for path in linked if not (STATIC / path).exists()] == []


def test_vendored_files_are_the_ones_of_the_manifest():
    vendor = STATIC / "vendor"
    listed = {entry["file"]: entry["sha256"] for entry in json.loads((vendor / "manifest.json").read_text())}
    present = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert present == listed


def test_every_vendored_package_says_its_version_and_carries_its_licence():
    entries = json.loads((STATIC / "vendor/manifest.json").read_text())

    assert all(entry["version"] and entry["licence"] for entry in entries)
    folders = {entry["file"].partition("/")[0] for entry in entries}
    assert {entry["file"] for entry in entries if entry["file"].endswith("LICENSE")} == {
        f"{folder}/LICENSE" for folder in folders
    }


def test_the_sprite_holds_exactly_the_icons_that_may_be_drawn():
    sprite = ET.parse(STATIC / "vendor/tabler-icons/icons.svg").getroot()  # noqa: S314 - our own file

    assert {symbol.get("id") for symbol in sprite} == ICONS


def test_every_status_and_kind_has_its_icon_in_the_sprite():
    wanted = {status.info.icon for table in (RunStatus, ConnectionHealth) for status in table}

    assert wanted | set(KIND_ICONS.values()) <= ICONS
    assert set(KIND_ICONS) == set(Kind)


def test_the_cut_of_tabler_keeps_elements_and_utilities_and_drops_components_and_data_addresses():
    css = ".btn{color:red}p,.card p{margin:0}.d-flex{display:flex}@media (x){.badge{a:b}.mb-2{c:d}}"
    css += 'hr{background:url("data:image/svg+xml;x");border:0}@keyframes k{to{a:b}}'

    assert (
        subset(css).replace("\n", "") == "p{margin:0}.d-flex{display:flex}@media (x){.mb-2{c:d}}hr{border:0}"
    )


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_template_holds_no_inline_style_script_or_handler(page):
    text = page.read_text()

    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize(
    "sheet", [*SHEETS, STATIC / "vendor/tabler/tabler-base.css"], ids=lambda sheet: sheet.name
)
def test_a_sheet_loads_nothing_from_elsewhere(sheet):
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text())

    assert [address for address in addresses if not address.startswith("../vendor/")] == []
