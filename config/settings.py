"""All settings, in one file; whatever differs between machines comes from the environment."""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import theme

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- The installation -------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
# One-click sign-ins and the demo's data; refused unless DEBUG is on as well (config.demo).
DEMO = env.bool("DEMO", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# Addresses of reverse proxies whose X-Forwarded-For is believed; empty: believe nobody.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "template_partials.apps.SimpleAppConfig",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "config.apps.ConfigConfig",
    "marketplace",
    "promocodes",
    "affiliates",
    "referrals",
    "tasks",
]

MIDDLEWARE = [
    "config.middleware.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.SpokenLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "marketplace.templatetags.money",
                "promocodes.templatetags.terms",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
        },
    }
]

# --- Data --------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 0,
    # What the address says goes along (`?sslmode=verify-full`).
    "OPTIONS": DATABASES["default"].get("OPTIONS", {})
    | {
        "pool": {
            "min_size": env.int("DB_POOL_MIN", default=1),
            "max_size": env.int("DB_POOL_MAX", default=12),
            "timeout": env.int("DB_POOL_TIMEOUT", default=5),
        },
        "connect_timeout": 5,
        # Who waits longer for a lock gives its thread to others, and a 503 to its caller.
        "options": f"-c lock_timeout={env.int('DB_LOCK_TIMEOUT', default=5)}s",
    },
}
REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sarafan",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Jobs --------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}
CELERY_TIMEZONE = "UTC"

# --- People ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "marketplace.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "config.sign_in.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
# Rolling windows; the key of login_failed is user and address, of the next one the user alone.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "30/10m/ip,5/15m/key",
    "login_failed_anywhere": "100/24h/key",
}
# Staff acts only in a session proved by a second factor (marketplace.second_factor).
OPS_SECOND_FACTOR = env.bool("OPS_SECOND_FACTOR", default=not DEBUG)
ADMIN_IDLE_SECONDS = 30 * 60
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Sarafan"
SOCIALACCOUNT_ADAPTER = "config.sign_in.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_REQUIRED = False  # the networks may keep it to themselves
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_PROVIDERS = {}
# Where each network's sign-in page stands: our forms lead there (form-action of the policy).
_SIGN_IN_HOSTS = {
    "vk": ["https://id.vk.ru", "https://id.vk.com"],
    "odnoklassniki": ["https://www.odnoklassniki.ru", "https://connect.ok.ru", "https://ok.ru"],
}
SIGN_IN_HOSTS = []
# A provider without keys answers 500, so it is installed only when its keys are set.
for _provider, _hosts in _SIGN_IN_HOSTS.items():
    if _client_id := env.str(f"{_provider.upper()}_CLIENT_ID", default=""):
        SIGN_IN_HOSTS += _hosts
        INSTALLED_APPS.append(f"allauth.socialaccount.providers.{_provider}")
        SOCIALACCOUNT_PROVIDERS[_provider] = {
            "APP": {
                "client_id": _client_id,
                "secret": env.str(f"{_provider.upper()}_SECRET"),
                "key": env.str(f"{_provider.upper()}_KEY", default=""),
            }
        }

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Sarafan <hello@localhost>")

# Countries whose sellers may share codes with influencers (RU,KZ); empty: all (AM-15).
SHARING_MARKETS = env.list("SHARING_MARKETS", default=[])

# --- Languages ---------------------------------------------------------------------------------
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Moscow")

# --- Files -------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Doors -------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF, *SIGN_IN_HOSTS],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "django_language"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- REST --------------------------------------------------------------------------------------
# How much one client may ask of one web process (docs/api.md, Limits); 0 asks nothing of anybody.
API_CALLS_PER_SECOND = env.int("API_CALLS_PER_SECOND", default=500)  # of a key, sustained
API_BURST = env.int("API_BURST", default=1_000)  # of a key, at once
API_WRONG_KEYS_PER_SECOND = env.int("API_WRONG_KEYS_PER_SECOND", default=50)  # of an address
# Wrong codes in ten minutes after which a client's or an address's carts are refused unread. A
# shopper has 20; these only bound what many invented shoppers can try together.
GUESSES_PER_CLIENT = env.int("GUESSES_PER_CLIENT", default=20_000)
GUESSES_PER_ADDRESS = env.int("GUESSES_PER_ADDRESS", default=20_000)
# Codes that a store may have made or imported in a day (UTC); 0: any number.
CODES_PER_STORE_AND_DAY = env.int("CODES_PER_STORE_AND_DAY", default=2_000_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["marketplace.api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["marketplace.api.authentication.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["marketplace.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "marketplace.api.parsing.JSONOnly",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "marketplace.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "UNICODE_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sarafan",
    "DESCRIPTION": "Promo codes, orders and rounds for the marketplace's servers. How amounts,"
    " times, keys, repeated calls and errors work: docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "CheckoutStateEnum": "promocodes.models.Checkout.State",
        "CodeBatchStateEnum": "promocodes.models.CodeBatch.State",
        "PromotionStateEnum": "promocodes.models.Promotion.State",
        "PromotionKindEnum": "promocodes.models.Promotion.Kind",
        "OrderStateEnum": "marketplace.models.Order.State",
        "DiscountTypeEnum": "promocodes.models.PromotionTerms.DiscountType",
    },
}

# --- Logs --------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"masked": {"()": "marketplace.masking.MaskSecrets"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["masked"]}
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

# --- The two admin sites (django-unfold) ---------------------------------------------------------
UNFOLD = theme.OPS
UNFOLD_SELLER = theme.SELLERS
