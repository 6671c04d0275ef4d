"""Work with mappings as files: check, preview, trace, diff, replay, test, export. Asks no server.

``./connect manage mapping check FILE``; a file is YAML or JSON: a mapping, or a ready flow with its mappings.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.connectors import registry
from integrations.kinds import EntitySchema, Kind
from integrations.mapping import (
    CompiledMapping,
    DocumentError,
    EvaluationContext,
    FieldTrace,
    MappingFailure,
    MissingLink,
    UnknownValue,
    compile_mapping,
    parse_document,
)
from integrations.mapping.check import check_mapping
from integrations.mapping.check.report import plain
from integrations.mapping.check.search import searching_context
from integrations.mapping.diff import diff
from integrations.mapping.files import MappingFile, load_mapping, load_records, load_schema, load_tables
from integrations.mapping.interchange import document_schema, to_yaml
from integrations.mapping.reference import language_reference
from integrations.mapping.replay import replay
from integrations.mapping.samples import samples
from integrations.mapping.suite import load_cases, run_suite

STOPPED = (MappingFailure, MissingLink, UnknownValue)


class Command(BaseCommand):
    help = "Check, preview, trace, compare, replay, test and export mappings that are files."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        words = parser.add_subparsers(dest="word", required=True)
        one = ("check", "preview", "trace", "test", "export")
        for word in one:
            self._file_options(words.add_parser(word))
        for word in ("diff", "replay"):
            added = words.add_parser(word)
            added.add_argument("old")
            self._file_options(added)
        for word in ("schema", "docs"):
            words.add_parser(word)
        words.choices["check"].add_argument(
            "--notes", action="store_true", help="tell what may hold a record, too"
        )
        words.choices["check"].add_argument(
            "--update", action="store_true", help="as for a record that is there"
        )
        words.choices["test"].add_argument("--cases", required=True, help="JSON file of test cases")
        for word in ("preview", "trace", "replay"):
            words.choices[word].add_argument("--records", help="JSON file; without it samples are made")
            words.choices[word].add_argument("--sample", default="typical", help="name of the sample")

    def _file_options(self, parser: Any) -> None:
        parser.add_argument("file")
        parser.add_argument("--mapping", default="", help="which mapping of a flow; the first one without it")
        parser.add_argument("--value-maps", help="file with value_maps: [{key, rows, unknown, default}, ...]")
        parser.add_argument("--source-schema", help="file; without it the connector's own schema")
        parser.add_argument("--target-schema", help="file; without it the connector's own schema")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['word']}")(options)
        except DocumentError as error:
            raise CommandError(str(error)) from error

    # Words ----------------------------------------------------------------------------------------------------

    def _check(self, options: Mapping[str, Any]) -> None:
        chosen = self._file(options)
        report = check_mapping(
            chosen.document,
            self._entity(chosen, "source", options),
            self._entity(chosen, "target", options),
            tables=chosen.tables,
            creating=chosen.creating and not options["update"],
            when=chosen.when,
        )
        self._print(options, report.as_json(), report.lines(notes=options["notes"]))
        if not report.is_publishable:
            raise SystemExit(1)

    def _preview(self, options: Mapping[str, Any]) -> None:
        chosen = self._file(options)
        mapping, record, context = self._ready(chosen, options)
        try:
            made = mapping.evaluate(record, context, creating=chosen.creating)
        except STOPPED as error:
            raise CommandError(f"The record is stopped: {error}") from error
        self.stdout.write(json.dumps(plain(made), indent=2, ensure_ascii=False))

    def _trace(self, options: Mapping[str, Any]) -> None:
        chosen = self._file(options)
        mapping, record, context = self._ready(chosen, options)
        traces = mapping.trace(record, context, creating=chosen.creating)
        lines = []
        for trace in traces:
            ways = [f"{path} = {plain(value)!r}" for path, value in trace.sources]
            ways += [f"{words} -> {plain(value)!r}" for words, value in trace.steps]
            end = trace.failure or ("left out" if trace.skipped else repr(plain(trace.value)))
            lines.append(f"{trace.target}: {'; '.join([*ways, end])}")
        self._print(options, [_trace_json(trace) for trace in traces], lines)
        if any(trace.failure for trace in traces):
            raise SystemExit(1)

    def _diff(self, options: Mapping[str, Any]) -> None:
        old, new = self._file(options, "old"), self._file(options)
        changes = diff(old.document, new.document, old_tables=old.tables, new_tables=new.tables)
        as_json = [{"path": one.path, "kind": one.kind, "words": one.words} for one in changes]
        self._print(options, as_json, [one.words for one in changes] or ["Nothing changed."])

    def _replay(self, options: Mapping[str, Any]) -> None:
        old, new = self._file(options, "old"), self._file(options)
        if options["records"]:
            records = load_records(_bytes(options["records"]))
        else:
            records = [one.record for one in samples(self._entity(new, "source", options), count=100)]
        report = replay(
            _compiled(old),
            _compiled(new),
            records,
            searching_context(old.tables),
            new_context=searching_context(new.tables),
            creating=new.creating,
        )
        classes = [
            {"words": one.words, "fields": list(one.fields), "count": one.count} for one in report.classes
        ]
        as_json = {"total": report.total, "unchanged": report.unchanged, "classes": classes}
        self._print(options, as_json, report.lines())

    def _test(self, options: Mapping[str, Any]) -> None:
        chosen = self._file(options)
        results = run_suite(_compiled(chosen), load_cases(_bytes(options["cases"]), chosen.tables))
        lines = []
        for one in results:
            lines.append(f"{'passed' if one.passed else 'FAILED'}  {one.name}")
            lines += [
                f"        {path or 'whole'}: {expected!r} expected, {got!r} came"
                for path, expected, got in one.differences
            ]
        as_json = [
            {"name": one.name, "passed": one.passed, "differences": [plain(each) for each in one.differences]}
            for one in results
        ]
        self._print(options, as_json, lines)
        if not all(one.passed for one in results):
            raise SystemExit(1)

    def _export(self, options: Mapping[str, Any]) -> None:
        chosen = self._file(options)
        parse_document(chosen.document)
        if options["json"]:
            self.stdout.write(json.dumps(plain(chosen.document), indent=2, ensure_ascii=False))
        else:
            self.stdout.write(to_yaml(chosen.document), ending="")

    def _schema(self, options: Mapping[str, Any]) -> None:
        self.stdout.write(json.dumps(document_schema(), indent=2))

    def _docs(self, options: Mapping[str, Any]) -> None:
        self.stdout.write(language_reference())

    # What they work on ----------------------------------------------------------------------------------------

    def _file(self, options: Mapping[str, Any], name: str = "file") -> MappingFile:
        chosen = load_mapping(_text(options[name]), options["mapping"])
        if options["value_maps"]:
            chosen = replace(chosen, tables={**chosen.tables, **load_tables(_text(options["value_maps"]))})
        return chosen

    def _entity(self, chosen: MappingFile, end: str, options: Mapping[str, Any]) -> EntitySchema:
        """Return the schema of one end: from a file, or as the connector declares it."""
        if options[f"{end}_schema"]:
            return load_schema(_text(options[f"{end}_schema"]))
        given = chosen.document.get(end) or {}
        try:
            found = registry.schema(str(given.get("system", "")), Kind(given.get("kind", "")))
        except (registry.UnknownSystem, ValueError):
            found = None
        if found is None:
            raise CommandError(f"The mapping names no known {end}; give --{end}-schema FILE.")
        return found

    def _ready(
        self, chosen: MappingFile, options: Mapping[str, Any]
    ) -> tuple[CompiledMapping, dict[str, Any], EvaluationContext]:
        """Return the mapping, the record it works on, and a context that has every link."""
        if options["records"]:
            record = load_records(_bytes(options["records"]))[0]
        else:
            named = {
                one.name: one.record for one in samples(self._entity(chosen, "source", options), count=40)
            }
            if options["sample"] not in named:
                raise CommandError(f"There is no such sample; there are: {', '.join(named)}")
            record = named[options["sample"]]
        return _compiled(chosen), record, searching_context(chosen.tables)

    def _print(self, options: Mapping[str, Any], as_json: Any, lines: Iterable[str]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(as_json, indent=2, ensure_ascii=False))
            return
        for line in lines:
            self.stdout.write(line)


def _compiled(chosen: MappingFile) -> CompiledMapping:
    return compile_mapping(parse_document(chosen.document))


def _trace_json(trace: FieldTrace) -> dict[str, Any]:
    return {
        "target": trace.target,
        "sources": plain(trace.sources),
        "steps": plain(trace.steps),
        "value": plain(trace.value),
        "skipped": trace.skipped,
        "failure": trace.failure,
    }


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _text(path: str) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8") from error
