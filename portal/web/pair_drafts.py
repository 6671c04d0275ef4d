"""The page on which a pair without ready flows starts with a draft: what is proved, what is open, nothing published."""

import json

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from integrations.models import Pair
from integrations.operations import drafts
from integrations.operations.drafts import DraftRefused
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to


def _pair(pair_id: int) -> Pair:
    found = Pair.objects.select_related("storefront", "erp").filter(pk=pair_id).first()
    if found is None:
        raise Http404("no such pair")
    return found


@tenant_page(Permission.BUILD)
def show(request: TenantRequest, pair_id: int) -> HttpResponse:
    """Show each flow's draft; ``?flow=`` gives one as the file that ``manage mapping`` reads."""
    pair = _pair(pair_id)
    drafted = drafts.preview(pair)
    wanted = request.GET.get("flow")
    if wanted is not None:
        for one in drafted:
            if one.template["definition"]["key"] == wanted:
                text = json.dumps(one.template, indent=2, ensure_ascii=False)
                answer = HttpResponse(text, content_type="application/json")
                answer["Content-Disposition"] = f'attachment; filename="{wanted}.json"'
                return answer
        raise Http404("no such draft")
    return render(
        request,
        "web/pair_draft.html",
        {
            "pair": pair,
            "drafts": [(one.template["definition"]["key"], one) for one in drafted],
            "crumbs": [
                Crumb("Pairs", address(request, "pairs")),
                Crumb(pair.name, address(request, "pair", pair_id=pair_id)),
            ],
        },
    )


@tenant_page(Permission.BUILD)
@require_POST
def start(request: TenantRequest, pair_id: int) -> HttpResponse:
    """Store the drafts as flows that are not published."""
    _pair(pair_id)
    try:
        count = drafts.start_with_draft(pair_id, actor=actor_of(request))
        messages.success(request, f"{count} flows are drafted. None is published: nothing is sent yet.")
    except DraftRefused as refusal:
        messages.error(request, str(refusal))
    return back_to(request, "pair", pair_id=pair_id)
