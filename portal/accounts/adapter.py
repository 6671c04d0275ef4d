"""Where people land after signing in or up, and how a sign-up gets its tenant."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Folds e-mail addresses so that one person has one account."""

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).strip().casefold()

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return "/"

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        return None
