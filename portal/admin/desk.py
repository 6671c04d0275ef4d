"""The base of every support page: reads through the support role, exact search, no counting of millions, no changes.

What a desk shows is an allow-list (``list_display`` and ``fields``); sealed columns are never named in one.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.admin import ModelAdmin, ShowFacets, SimpleListFilter
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

ALIAS = "support"
_COUNTED = 2_000
_LARGEST_ID = 2**63 - 1


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to 2,000 rows and pages through those: a full count of runs would read the whole table."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:_COUNTED].count())


def link_to(model: type[Model], row_id: int | None) -> SafeString | str:
    """Return a link to another desk's row; a dash where there is none."""
    if row_id is None:
        return "-"
    opts = model._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row_id])
    return format_html('<a href="{}">{} {}</a>', address, opts.verbose_name, row_id)


def choice_filter(field: str, choices: Callable[[], Iterable[tuple[str, str]]]) -> type[SimpleListFilter]:
    """Return a list filter over a column's known values, without asking the table for them."""

    class ChoiceFilter(SimpleListFilter):
        title = field.replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(choices())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return ChoiceFilter


class Desk(ModelAdmin):  # type: ignore[type-arg]
    """Read-only pages of one table over the support role."""

    id_keys: tuple[str, ...] = ("id",)
    """Whole-number columns that the search box compares by ``=``."""
    text_keys: tuple[str, ...] = ()
    """Text columns that the search box compares by ``=``."""
    sealed: tuple[str, ...] = ()
    """Columns that are not even read."""
    related: tuple[tuple[str, type[Model], str], ...] = ()
    """(words, model, lookup) of the lists that belong to a row; linked from its page."""

    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = CappedPaginator
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read every tenant's rows, which only the support role's policy allows."""
        rows = getattr(self.model, "across_tenants", self.model._default_manager)
        return rows.using(ALIAS).defer(*self.sealed).order_by(*self.ordering)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.id_keys, *self.text_keys)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows one of whose keys is exactly what was typed."""
        term = search_term.strip()
        if not term:
            return queryset, False
        condition = Q(pk__in=[])
        for name in self.id_keys:
            if term.isdecimal() and int(term) <= _LARGEST_ID:
                condition |= Q(**{name: int(term)})
        for name in self.text_keys:
            condition |= Q(**{name: term})
        return queryset.filter(condition), False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["id", *(self.fields or ()), *(["see_also"] if self.related else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def see_also(self, row: Any) -> SafeString:
        """Link the lists of rows that belong to this one."""
        links = []
        for words, model, lookup in self.related:
            opts = model._meta
            address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
            links.append((f"{address}?{lookup}={row.pk}", words))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)
