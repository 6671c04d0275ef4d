"""Redaction of log lines: keys in URLs, bearer tokens and card numbers never reach a handler."""

import logging
import re

_NAMES = r"authorization|x-auth-token|password|secret|site_?key|api_?key|licen[cs]e_?key|_key|token"
_PATTERNS = (
    # User and password in front of a host.
    (re.compile(r"(?i)\b(https?://)[^\s/@]+@"), r"\1•••@"),
    # A scheme word and what it carries, before the name patterns: they would stop at the scheme's blank.
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,'\"}]+"), r"\1 •••"),
    # "name": "any words" and name='any words'
    (re.compile(rf"(?i)((?:{_NAMES})['\"]?\s*[:=]\s*)(['\"]).*?\2"), r"\1\2•••\2"),
    # name: word, name=word
    (re.compile(rf"(?i)((?:{_NAMES})['\"]?\s*[:=]\s*)(?!['\"])[^\s,&}}]+"), r"\1•••"),
    (re.compile(r"/hooks/[A-Za-z0-9_-]+"), "/hooks/•••"),
    (re.compile(r"\b(?:\d[ -]?){13,18}\d\b"), "•••"),
)
_traceback = logging.Formatter()


def redact(text: str) -> str:
    """Return the text with secrets replaced by dots."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class Redaction(logging.Filter):
    """Rewrites the finished message and its traceback, so that arguments and exceptions are covered as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = ()
        if record.exc_info:
            record.exc_text = redact(_traceback.formatException(record.exc_info))
            record.exc_info = None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
