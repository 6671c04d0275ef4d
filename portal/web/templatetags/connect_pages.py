"""Words and small blocks that whole pages need beside the component tags: ages, hosts, audit words, help texts."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.web import record_text, wording

register = template.Library()


@register.simple_tag
def since(moment: datetime | None) -> SafeString | str:
    """Draw how long ago a moment was, with the exact UTC as its title; None is a dash."""
    if moment is None:
        return wording.NOTHING
    seconds = max(0.0, (timezone.now() - moment).total_seconds())
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        wording.duration_words(int(seconds)),
    )


@register.filter
def host(address: str) -> str:
    """Return the host of an address, the whole text where it has none."""
    return urlsplit(address).netloc or address


_AUDIT_WORDS = {
    "run.looked_at": "looked at it",
    "run.revealed": "revealed its personal data",
    "run.retried": "sent it again",
    "run.skipped": "skipped it",
    "run.edited": "edited it",
    "bulk.started": "started it",
    "bulk.finished": "finished it",
    "bulk.stopped": "stopped it",
    "bulk.cancelled": "cancelled it",
    "connection.created": "made it",
    "connection.changed": "changed it",
    "connection.tested": "tested it",
    "connection.paused": "paused it",
    "connection.resumed": "resumed it",
    "connection.hook_rotated": "renewed the webhook address",
    "pair.created": "made it",
    "pair.paused": "paused it",
    "pair.resumed": "resumed it",
    "link.added": "linked a SKU",
    "value_map.row_added": "added a row",
    "sync_job.created": "started it",
    "sync_job.paused": "paused it",
    "sync_job.resumed": "resumed it",
    "sync_job.cancelled": "cancelled it",
    "sync_job.finished": "finished it",
    "sync_job.stopped": "stopped it",
}


@register.filter
def value_text(value: Any) -> str:
    """Return one value of a record in a line."""
    return record_text.value_text(value)


@register.filter
def audit_words(action: str) -> str:
    """Return an audit action in words; one without words of its own is spelled out."""
    return _AUDIT_WORDS.get(action, action.replace(".", " ").replace("_", " "))


_MARKS = re.compile(r"\*\*(?P<bold>.+?)\*\*|`(?P<code>.+?)`|\*(?P<italic>.+?)\*")


def _inline(text: str) -> SafeString:
    made, at = [], 0
    for found in _MARKS.finditer(text):
        made.append(format_html("{}", text[at : found.start()]))
        tag = {"bold": "b", "code": "code", "italic": "i"}[found.lastgroup or "bold"]
        made.append(format_html("<{0}>{1}</{0}>", mark_safe(tag), found.group(found.lastgroup or 0)))  # noqa: S308
        at = found.end()
    made.append(format_html("{}", text[at:]))
    return format_html_join("", "{}", ((part,) for part in made))


@register.simple_tag
def plain_markdown(text: str) -> SafeString:
    """Draw the little Markdown that specs are written in: paragraphs, numbered lists, bold, italic, code."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in block.splitlines()]
        if re.match(r"\d+\. ", lines[0]):
            items: list[str] = []
            for line in lines:
                if re.match(r"\d+\. ", line):
                    items.append(line.partition(" ")[2])
                else:
                    items[-1] += f" {line}"
            inner = format_html_join("", "<li>{}</li>", ((_inline(item),) for item in items))
            blocks.append(format_html("<ol>{}</ol>", inner))
        else:
            blocks.append(format_html("<p>{}</p>", _inline(" ".join(lines))))
    return format_html_join("", "{}", ((block,) for block in blocks))
