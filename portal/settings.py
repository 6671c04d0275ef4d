"""Settings of every process. All that differs between installations comes from the environment.

The launcher (``./connect up``) sets it for the embedded shape; ``deploy/`` shows the other shapes.
"""

import os
from pathlib import Path
from typing import Any

import environ

from integrations.kinds import RunStatus
from integrations.kinds.sync_job import SyncMode, SyncStatus

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("CONNECT_DEBUG", default=False)
SECRET_KEY = env("CONNECT_SECRET_KEY")
ALLOWED_HOSTS = env.list("CONNECT_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
PUBLIC_URL = env("CONNECT_PUBLIC_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
IS_HTTPS = PUBLIC_URL.startswith("https://")

# One process speaks under one role: CONNECT_DB_ROLE picks which URL becomes "default" (ARCHITECTURE 9).
DB_ROLE = env("CONNECT_DB_ROLE", default="web")
DB_ROLES = ("web", "engine", "owner", "support")

INSTALLED_APPS = [
    "portal.admin.apps.SupportAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "django_celery_beat",
    "integrations.apps.IntegrationsConfig",
    "portal.accounts.apps.AccountsConfig",
    "portal.web",
    "portal.apps.PortalConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.shell",
            ],
        },
    }
]


def database_of(role: str) -> dict[str, Any]:
    config: dict[str, Any] = env.db_url_config(env(f"DATABASE_URL_{role.upper()}"))
    config["ENGINE"] = "django.db.backends.postgresql"
    config["CONN_MAX_AGE"] = env.int("CONNECT_DB_REUSE_SECONDS", default=600)
    config["CONN_HEALTH_CHECKS"] = True
    # A server that vanished without a word is noticed within half a minute, not after two hours; ignored on sockets.
    config["OPTIONS"] = {
        "connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        **config.get("OPTIONS", {}), "application_name": f"connect-{role}",
    }  # fmt: skip
    config["TEST"] = {"MIRROR": None if role == DB_ROLE else "default"}
    return config


DATABASES: dict[str, dict[str, Any]] = {"default": database_of(DB_ROLE)}
if DB_ROLE == "web":
    DATABASES["support"] = database_of("support")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env("CONNECT_EMAIL_VERIFICATION", default="optional")
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,5/5m/key", "signup": "20/h/ip", "reset_password": "20/h/ip"}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
EMAIL_BACKEND = env("CONNECT_EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env("CONNECT_EMAIL_FROM", default="Clarity Connect <connect@localhost>")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.bool("CONNECT_FORCE_HTTPS", default=IS_HTTPS)
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
if env.bool("CONNECT_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env("CONNECT_STATIC_ROOT", default=str(BASE_DIR / "static-collected"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if env.bool("CONNECT_PLAIN_STATIC", default=True)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = env.bool("CONNECT_PLAIN_STATIC", default=True)

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
HOOK_MAX_BYTES = env.int("CONNECT_HOOK_MAX_BYTES", default=2 * 1024 * 1024)

KEY_RING = env("CONNECT_KEY_RING")
# host:port of this installation's own sandboxes and agents; everything else private is refused.
ALLOWED_PRIVATE_HOSTS = frozenset(env.list("CONNECT_ALLOWED_HOSTS_OUT", default=[]))
# Further packages with connector folders, beside integrations.connectors.systems.
EXTRA_CONNECTORS = env.list("CONNECT_EXTRA_CONNECTORS", default=[])
SANDBOXES = env.json("CONNECT_SANDBOXES", default={})
# Where ./connect up is asked for simulators; empty where no launcher listens (production).
DEMO_DIRECTORY = env("CONNECT_DEMO_DIRECTORY", default="")
# A demo that nobody looks at is closed after this time; it keeps what it holds.
DEMO_IDLE_SECONDS = env.int("CONNECT_DEMO_IDLE_SECONDS", default=1800)

BROKER_URL = env("BROKER_URL", default="")
DELIVERY_THREADS = env.int("CONNECT_DELIVERY_THREADS", default=64)
DELIVERY_DRAINS = env.int("CONNECT_DELIVERY_DRAINS", default=2)
LEASE_SECONDS = env.int("CONNECT_LEASE_SECONDS", default=30)
SWEEP_SECONDS = env.float("CONNECT_SWEEP_SECONDS", default=3.0)

# Steps of sync jobs in flight at once; fewer than the processes of the rest workers, for polls need some.
SYNC_STEPS = env.int("CONNECT_SYNC_STEPS", default=2)
# How long bodies are kept where a tenant says nothing else; counts, hashes and links stay.
PAYLOAD_DAYS = env.int("CONNECT_PAYLOAD_DAYS", default=90)
REFUSED_HOOK_DAYS = env.int("CONNECT_REFUSED_HOOK_DAYS", default=90)
IDEMPOTENCY_DAYS = env.int("CONNECT_IDEMPOTENCY_DAYS", default=2)
# Eight weeks teach the rhythm of arrivals; two more are slack.
ARRIVAL_DAYS = 70

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.conventions.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.conventions.MayView"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.conventions.problem_json",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Clarity Connect API",
    "DESCRIPTION": "Connections, pairs, runs and events of one tenant. Send your key as `Authorization: Bearer`.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": [one.value for one in RunStatus],
        "SyncStatusEnum": [one.value for one in SyncStatus],
        "SyncModeEnum": [one.value for one in SyncMode],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "portal.logs.Redaction"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("CONNECT_LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]
