"""WSGI entry of the web processes (granian)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
_portal = get_wsgi_application()

from portal.api.hooks import hooks_first  # noqa: E402  needs the settings loaded
from portal.checks import refuse_unbound_roles  # noqa: E402

application = hooks_first(_portal)
refuse_unbound_roles()
