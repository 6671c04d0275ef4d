"""Rebuilds ``static/vendor`` from unpacked npm packages: a person runs it when a version changes.

``python -m portal.web.vendoring DIRECTORY`` where DIRECTORY holds one unpacked package per folder name in
PACKAGES (``npm pack`` and ``tar``). Fonts and scripts are copied as they are; of Tabler only the
reboot, the grid and the utilities are kept, without ``data:`` addresses (the content policy forbids
them); of the icons only those in ``portal.web.icons``. ``manifest.json`` lists every file with its hash.
"""

import hashlib
import json
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.web.icons import ICONS

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package: which files are copied, as (path inside the package, our file name)."""

    folder: str
    files: tuple[tuple[str, str], ...] = ()


PACKAGES = (
    Package("tabler"),
    Package("tabler-icons"),
    Package("htmx", (("dist/htmx.min.js", "htmx.min.js"),)),
    Package("alpinejs-csp", (("dist/cdn.min.js", "alpine-csp.min.js"),)),
    Package(
        "uplot", (("dist/uPlot.iife.min.js", "uPlot.iife.min.js"), ("dist/uPlot.min.css", "uPlot.min.css"))
    ),
    Package("inter", (("files/inter-latin-wght-normal.woff2", "inter-latin-wght-normal.woff2"),)),
    Package(
        "jetbrains-mono",
        (("files/jetbrains-mono-latin-wght-normal.woff2", "jetbrains-mono-latin-wght-normal.woff2"),),
    ),
)

_KEPT_CLASS = re.compile(
    r"^(container(-fluid)?|row|col(-(sm|md|lg|xl))?(-(auto|\d+))?|g[xy]?-\d|row-cols-\S+"
    r"|d-\S+|flex-\S+|justify-content-\S+|align-(items|self)-\S+|order-\S+|gap-\d|[mp][tbsexy]?-(\d|auto)"
    r"|text-(start|end|center|nowrap|truncate|break|wrap)|w-\d+|h-\d+|visually-hidden(-focusable)?"
    r"|overflow-\S+|position-\S+|sticky-top)$"
)
_CLASS_NAME = re.compile(r"\.((?:\\.|[\w-])+)")


def css_blocks(css: str) -> Iterator[tuple[str, str]]:
    """Yield (prelude, body) of each top-level rule; statements without a body are left out."""
    start = depth = body_start = 0
    for place, letter in enumerate(css):
        if letter == "{":
            depth += 1
            if depth == 1:
                body_start = place
        elif letter == "}":
            depth -= 1
            if depth == 0:
                yield css[start:body_start].strip(), css[body_start + 1 : place]
                start = place + 1
        elif letter == ";" and depth == 0:
            start = place + 1


def subset(css: str) -> str:
    """Return the rules whose selectors name only elements, roots and the classes we keep."""
    kept = []
    for prelude, body in css_blocks(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        if prelude.startswith(("@media", "@supports")):
            if inner := subset(body):
                kept.append(f"{prelude}{{{inner}}}")
        elif not prelude.startswith("@"):
            selectors = [selector for selector in prelude.split(",") if _is_kept(selector)]
            declarations = ";".join(part for part in _declarations(body) if "data:" not in part)
            if selectors and declarations:
                kept.append(f"{','.join(selectors)}{{{declarations}}}")
    return "\n".join(kept)


def _declarations(body: str) -> list[str]:
    # A semicolon inside quotes or brackets belongs to the value (data addresses are full of them).
    return [part for part in re.findall(r"(?:\"[^\"]*\"|'[^']*'|\([^)]*\)|[^;])+", body) if part.strip()]


def _is_kept(selector: str) -> bool:
    names = [name.replace("\\", "") for name in _CLASS_NAME.findall(re.sub(r"\[[^\]]*\]", "", selector))]
    return all(_KEPT_CLASS.match(name) for name in names)


def sprite(icons: Path) -> str:
    """Return one SVG with a symbol per icon; stroke width and colour come from the page's style."""
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    symbols = []
    for name in sorted(ICONS):
        drawing = ET.parse(icons / f"{name}.svg").getroot()  # noqa: S314 - see the import
        shapes = [shape for shape in drawing if shape.get("stroke") != "none"]
        paths = "".join(
            re.sub(r' xmlns="[^"]*"', "", ET.tostring(shape, encoding="unicode")).strip() for shape in shapes
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def rebuild(packages: Path) -> None:
    """Write all vendored files and the manifest. Raises FileNotFoundError when a package lacks a file."""
    entries = []
    for package in PACKAGES:
        source, target = packages / package.folder, VENDOR / package.folder
        target.mkdir(parents=True, exist_ok=True)
        described = json.loads((source / "package.json").read_text())
        if (
            source / "LICENSE"
        ).exists():  # tabler and alpine publish none: theirs was copied from their repository
            shutil.copyfile(source / "LICENSE", target / "LICENSE")
        names = [name for _, name in package.files]
        for path, name in package.files:
            shutil.copyfile(source / path, target / name)
        note = "as published"
        if package.folder == "tabler":
            css = subset((source / "dist/css/tabler.min.css").read_text())
            (target / "tabler-base.css").write_text(css + "\n")
            names, note = ["tabler-base.css"], "cut from dist/css/tabler.min.css: reboot, grid, utilities"
        if package.folder == "tabler-icons":
            (target / "icons.svg").write_text(sprite(source / "icons/outline"))
            names, note = ["icons.svg"], "sprite of icons/outline"
        entries += [_entry(package, name, described, note) for name in (*names, "LICENSE")]
    (VENDOR / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n")


def _entry(package: Package, name: str, described: dict[str, str], note: str) -> dict[str, str]:
    path = VENDOR / package.folder / name
    return {
        "name": described["name"],
        "version": described["version"],
        "licence": described["license"],
        "file": f"{package.folder}/{name}",
        "made": "licence text" if name == "LICENSE" else note,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


if __name__ == "__main__":
    rebuild(Path(sys.argv[1]))
