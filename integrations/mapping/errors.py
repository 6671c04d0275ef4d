"""What can go wrong in a mapping, told by target, source and rule, path by path."""


class DocumentError(ValueError):
    """A mapping document is not right: ``where`` is the rule, ``reason`` what to change."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class MappingFailure(Exception):
    """A rule could not make its value from this record."""

    def __init__(self, target: str, source: str, value: object, reason: str) -> None:
        super().__init__(f"{target} <- {source or 'constant'}: {reason}")
        self.target = target
        self.source = source
        self.value = value
        self.reason = reason


class FunctionError(Exception):
    """A function refuses its input; the compiler adds target and source."""


class NotMoney(ValueError):
    """A place that should hold an amount holds something else."""

    def __init__(self, path: str, value: object) -> None:
        super().__init__(f"{path} is not an amount")
        self.path = path
        self.value = value


class MissingLink(Exception):
    """A referenced record has no counterpart yet: (``kind``, ``key``)."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"no link for {kind} {key}")
        self.kind = kind
        self.key = key


class UnknownValue(Exception):
    """A value map has no row for a value and its policy is to hold."""

    def __init__(self, table: str, value: str) -> None:
        super().__init__(f"value map {table} has no row for {value!r}")
        self.table = table
        self.value = value
