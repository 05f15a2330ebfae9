"""Django's settings. Every value that may differ between machines comes from the environment.

With nothing set the product is embedded: SQLite, an in-process channel layer, tasks run where
they are called. DATABASE_URL switches to PostgreSQL; REDIS_URL moves channel layer, cache and tasks
to Redis. `.env.example` describes every variable.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from kombu import Exchange, Queue

from tradebot import environment
from tradebot.log_files import process_name
from tradebot.logging import LogFile, log_uncaught
from tradebot.logging import configure as configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent

environment.load_env_file(BASE_DIR / ".env")

DEBUG = environment.flag("DEBUG", default=False)
DATA_DIR = environment.directory("DATA_DIR", BASE_DIR / "data")

_POSTGRES = environment.postgres("DATABASE_URL")
REDIS_URL = environment.redis("REDIS_URL")
# Redis channels know no database numbers: two installations on one server need two prefixes.
REDIS_PREFIX = environment.text("REDIS_PREFIX", "tradebot")
EMBEDDED = _POSTGRES is None

SECRET_KEY = environment.secret_key("SECRET_KEY", DATA_DIR, embedded=EMBEDDED)

# Applications

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_celery_results",
    "django_structlog",
    "axes",
    "marketdata",
    "trading",
    "backtests",
]

MIDDLEWARE = [
    "trading.observing.requests.RequestCounts",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tradebot.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "tradebot.urls"
ASGI_APPLICATION = "tradebot.asgi.application"
WSGI_APPLICATION = "tradebot.wsgi.application"

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
            ],
        },
    },
]

# Database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES: dict[str, dict[str, Any]]
if _POSTGRES is None:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "tradebot.sqlite3",
            # A file and not memory, so that tests meet the locks that threads and processes meet.
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
            "OPTIONS": {
                # A transaction takes the write lock when it begins and waits for it. Taking it
                # at the first write instead fails at once when another writer came in between.
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                "init_command": (
                    "PRAGMA journal_mode=WAL;"
                    "PRAGMA synchronous=NORMAL;"
                    "PRAGMA temp_store=MEMORY;"
                    "PRAGMA journal_size_limit=67108864;"
                    "PRAGMA cache_size=-16000;"
                ),
            },
        }
    }
else:
    _POSTGRES["CONN_MAX_AGE"] = 0  # the pool keeps connections, Django must not
    _POSTGRES["CONN_HEALTH_CHECKS"] = True
    _POSTGRES["OPTIONS"] = {
        **_POSTGRES["OPTIONS"],
        "pool": {
            "min_size": 1,
            "max_size": environment.whole_number("DATABASE_POOL_SIZE", 10, low=1, high=200),
            "timeout": 10,
        },
    }
    DATABASES = {"default": _POSTGRES}

# Channel layer, cache, tasks

CHANNEL_LAYERS: dict[str, dict[str, Any]]
CACHES: dict[str, dict[str, Any]]
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}:layer"},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
        }
    }
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "global_keyprefix": f"{REDIS_PREFIX}:celery:",
        # A task that is not acknowledged within it is delivered again, running or not; so it is far
        # more than a task takes. What a killed worker held does not wait for it: backtests.tasks.
        "visibility_timeout": 6 * 3600,
    }
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            # A page that stays open longer than this would get no more frames.
            "CONFIG": {"group_expiry": 10 * 365 * 86_400},
        }
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CELERY_BROKER_URL = "memory://"
    CELERY_TASK_ALWAYS_EAGER = True
    CELERY_TASK_STORE_EAGER_RESULT = True

# "django-db", without secrets in what a task failed with.
CELERY_RESULT_BACKEND = "tradebot.results:Results"
CELERY_RESULT_EXTENDED = True
# The table in the database; and it shows that it lives.
CELERY_BEAT_SCHEDULER = "tradebot.alive:Scheduler"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TRACK_STARTED = True
# Our tasks are long: a worker that took a second one in advance would only keep it from the others.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# A broker that comes back finds the tasks still running; what they have done by then is kept.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# For as long as it takes: a worker that gave up would have to be started by a person.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# The day's jobs have a queue of their own, which a worker can be given alone (docs/schedule.md); a
# worker that is given none takes from both.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name) for name in ("celery", "schedule")
]
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {"schedule.*": {"queue": "schedule"}}
CELERY_BEAT_SCHEDULE = {
    "schedule-look": {
        "task": "schedule.look",
        "schedule": 15.0,
        "options": {"expires": 15, "queue": "schedule"},
    },
}

# Replays that may be open at once in a process: each has an engine and shares its day's ticks.
REPLAY_PLAYERS = environment.whole_number("REPLAY_PLAYERS", 4, low=1, high=100)

# Backtests

# Most days that are analysed as one task (docs/backtests-on-workers.md).
BACKTEST_PART_DAYS = environment.whole_number("BACKTEST_PART_DAYS", 21, low=1, high=1000)
# Seconds after which a process that says nothing is taken for dead, and its work given to another.
BACKTEST_LEASE_S = environment.whole_number("BACKTEST_LEASE_S", 20, low=2, high=600)
# Gigabytes of analyses and decoded ticks that are kept for re-runs; 0 keeps none.
BACKTEST_CACHE_GB = environment.whole_number("BACKTEST_CACHE_GB", 20, low=0, high=100_000)

# Market data

DATABENTO_API_KEY = environment.text("DATABENTO_API_KEY")
# The live gateway: Databento's own when empty; else a host, as of a local stand-in.
DATABENTO_GATEWAY = environment.text("DATABENTO_GATEWAY")
DATABENTO_PORT = environment.whole_number("DATABENTO_PORT", 13000, low=1, high=65535)
# Databento's own when empty; else an address with its scheme, as of a local stand-in.
DATABENTO_HISTORICAL_GATEWAY = environment.text("DATABENTO_HISTORICAL_GATEWAY")
# Minute bars of US stocks: Polygon's (Massive's) key; its own address when the other is empty.
POLYGON_API_KEY = environment.text("POLYGON_API_KEY")
POLYGON_URL = environment.text("POLYGON_URL")
# Hours of trading that a live start hears before it trades; 0: none.
WARMUP_HOURS = environment.whole_number("WARMUP_HOURS", 3, low=0, high=48)
# Dollars that Databento's history may cost for one of them; what the live feed replays is free.
WARMUP_MAX_COST = environment.amount("WARMUP_MAX_COST", "1.00")

# Live orders: what the guards let through, how soon the broker is asked (docs/reconciliation.md)

# Lots of one order and of the position: a number for every symbol, or as ES:2,MES:5.
LIVE_MAX_ORDER_SIZE = environment.words("LIVE_MAX_ORDER_SIZE", ["3"])
LIVE_MAX_POSITION = environment.words("LIVE_MAX_POSITION", ["3"])
# How far from the last trade a stop or target may be, per cent.
LIVE_PRICE_COLLAR_PERCENT = environment.amount("LIVE_PRICE_COLLAR_PERCENT", "1")
# Seconds: no entry on a last trade that is older; an entry that is older is not sent any more.
LIVE_STALE_TICK_S = environment.whole_number("LIVE_STALE_TICK_S", 10, low=1, high=600)
LIVE_ENTRY_AGE_S = environment.whole_number("LIVE_ENTRY_AGE_S", 5, low=1, high=60)
LIVE_ORDERS_PER_SECOND = environment.whole_number("LIVE_ORDERS_PER_SECOND", 5, low=1, high=100)
LIVE_ORDERS_PER_MINUTE = environment.whole_number("LIVE_ORDERS_PER_MINUTE", 60, low=1, high=1000)
LIVE_ORDERS_PER_DAY = environment.whole_number("LIVE_ORDERS_PER_DAY", 500, low=1, high=100_000)
# Seconds within which a position that was closed has to be gone at the broker.
LIVE_FLAT_WITHIN_S = environment.whole_number("LIVE_FLAT_WITHIN_S", 10, low=2, high=120)
# Seconds between two comparisons with the broker.
LIVE_RECONCILE_S = environment.whole_number("LIVE_RECONCILE_S", 60, low=5, high=600)
# How far the balance may be from the broker's before it is said, in money.
LIVE_BALANCE_TOLERANCE = environment.amount("LIVE_BALANCE_TOLERANCE", "25")

# Live trading at Rithmic (docs/rithmic.md)

RITHMIC_USER = environment.text("RITHMIC_USER")
RITHMIC_PASSWORD = environment.text("RITHMIC_PASSWORD")
RITHMIC_SYSTEM = environment.text("RITHMIC_SYSTEM")
RITHMIC_URL = environment.socket_address("RITHMIC_URL")
RITHMIC_CA_FILE = environment.text("RITHMIC_CA_FILE")
RITHMIC_ACCOUNT = environment.text("RITHMIC_ACCOUNT")
RITHMIC_APP_NAME = environment.text("RITHMIC_APP_NAME", "tradebot")
RITHMIC_APP_VERSION = environment.text("RITHMIC_APP_VERSION", "1.0")
# Dollars of margin per contract above which a live session does not trade.
MES_MARGIN_LIMIT = environment.amount("MES_MARGIN_LIMIT", "40")
ES_MARGIN_LIMIT = environment.amount("ES_MARGIN_LIMIT", "400")

# Time

USE_TZ = True
TIME_ZONE = "UTC"
# The clock of the exchange: trading days, sessions and holidays are told by it.
TRADING_TIME_ZONE = "America/New_York"

USE_I18N = False
LANGUAGE_CODE = "en-us"

# Static files: served from where they lie, without a collectstatic step.

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# Security

_THIS_MACHINE = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", _THIS_MACHINE)
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
BEHIND_HTTPS = environment.flag("BEHIND_HTTPS", default=False)
if DEBUG and (BEHIND_HTTPS or set(ALLOWED_HOSTS) - set(_THIS_MACHINE)):
    raise environment.BadEnvironment(
        "DEBUG is 1 where others than this machine may open the page (BEHIND_HTTPS, "
        "ALLOWED_HOSTS), and shows them settings; unset it"
    )

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# axes refuses names that are locked out, and leaves the others to Django's own.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"

# Wrong passwords after which a name is locked out from an address, and for how long.
LOGIN_ATTEMPTS = environment.whole_number("LOGIN_ATTEMPTS", 5, low=1, high=100)
LOGIN_LOCKED_MINUTES = environment.whole_number("LOGIN_LOCKED_MINUTES", 15, low=1, high=1440)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = LOGIN_ATTEMPTS
AXES_COOLOFF_TIME = timedelta(minutes=LOGIN_LOCKED_MINUTES)
# Whoever knows a name must not be able to keep its owner out for good.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "trading.lockout.client_address"
AXES_CLIENT_STR_CALLABLE = "trading.lockout.logged_as"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# A login ends when it was not used for so long, and after so many days however busy.
LOGIN_IDLE_HOURS = environment.whole_number("LOGIN_IDLE_HOURS", 12, low=1, high=720)
LOGIN_DAYS = environment.whole_number("LOGIN_DAYS", 30, low=1, high=365)
SESSION_ENGINE = "trading.login_sessions"
SESSION_COOKIE_AGE = LOGIN_IDLE_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BEHIND_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = BEHIND_HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if BEHIND_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SILENCED_SYSTEM_CHECKS = [
    # The forms say that somebody is locked out (trading.lockout): no answer has to be replaced, and
    # a request passes one middleware less.
    "axes.W002",
    # Other names of the operator's domain are not ours to bind to https, nor to enter in browsers'
    # lists, from which they do not come off again.
    "security.W005",
    "security.W021",
    # The proxy that ends TLS redirects (deploy/Caddyfile does). Who reaches us beside it is on this
    # machine: the watchdog, Prometheus, a health check, and they speak http.
    "security.W008",
]

# Real money, whatever the broker: docs/live.md

# The broker's account id, for a live start that no terminal sees.
CONFIRM_LIVE = environment.text("CONFIRM_LIVE")
# What a live session does when it hears nothing of the market, or the database takes nothing.
ON_LOST = ["none", "halt", "flatten"]
ON_FEED_LOST = environment.choice("ON_FEED_LOST", "halt", ON_LOST)
FEED_LOST_S = environment.whole_number("FEED_LOST_S", 30, low=5, high=3600)
ON_DATABASE_LOST = environment.choice("ON_DATABASE_LOST", "halt", ON_LOST)
DATABASE_LOST_S = environment.whole_number("DATABASE_LOST_S", 60, low=5, high=3600)

# Backups, as docs/backups.md has them

# Not on the disk that they are to survive, if there is another.
BACKUP_DIR = environment.folder_name("BACKUP_DIR", DATA_DIR / "backups")
# Whether the tick store is in them; 0 where its days are exported.
BACKUP_TICKS = environment.flag("BACKUP_TICKS", default=True)
# The newest backup of each of so many days, weeks and months stays.
BACKUP_KEEP_DAYS = environment.whole_number("BACKUP_KEEP_DAYS", 7, low=1, high=1000)
BACKUP_KEEP_WEEKS = environment.whole_number("BACKUP_KEEP_WEEKS", 5, low=0, high=1000)
BACKUP_KEEP_MONTHS = environment.whole_number("BACKUP_KEEP_MONTHS", 12, low=0, high=1000)
# Days after which a tick day that is backed up or exported leaves the store; 0: never.
TICKS_KEEP_DAYS = environment.whole_number("TICKS_KEEP_DAYS", 0, low=0, high=10_000)

# The day's jobs (docs/schedule.md)

# Whether a trading process does them where no Redis is configured.
SCHEDULE = environment.flag("SCHEDULE", default=True)
# Seconds after which a process that says nothing is taken for dead, and its job given to another.
SCHEDULE_LEASE_S = environment.whole_number("SCHEDULE_LEASE_S", 60, low=2, high=3600)
# Days after which the clean-up deletes.
KEEP_HEARTBEATS_DAYS = environment.whole_number("KEEP_HEARTBEATS_DAYS", 7, low=1, high=3650)
KEEP_NOTICES_DAYS = environment.whole_number("KEEP_NOTICES_DAYS", 90, low=1, high=3650)
KEEP_JOB_RUNS_DAYS = environment.whole_number("KEEP_JOB_RUNS_DAYS", 400, low=30, high=3650)
KEEP_TASK_RESULTS_DAYS = environment.whole_number("KEEP_TASK_RESULTS_DAYS", 30, low=1, high=3650)

# Where the watchdog asks whether the pages answer; nowhere when empty (docs/watchdog.md)
WATCH_PAGES = environment.text("WATCH_PAGES")

# Notifications

DISCORD_WEBHOOK_URL = environment.webhook("DISCORD_WEBHOOK_URL")
# The page's address as the trader's phone can open it: messages link to it. Empty: no links.
PUBLIC_URL = environment.public_address("PUBLIC_URL")

# Export of each day's ticks and recap (docs/export.md)

# A folder, ssh://user@host/folder or s3://bucket/prefix; nothing is sent when it is empty.
EXPORT_TARGET = environment.text("EXPORT_TARGET")
EXPORT_SSH_KEY = environment.text("EXPORT_SSH_KEY")
EXPORT_SSH_KNOWN_HOSTS = environment.text("EXPORT_SSH_KNOWN_HOSTS")
# Another store than Amazon's, with its scheme.
EXPORT_S3_ENDPOINT = environment.text("EXPORT_S3_ENDPOINT")
EXPORT_S3_REGION = environment.text("EXPORT_S3_REGION")
EXPORT_S3_KEY_ID = environment.text("EXPORT_S3_KEY_ID")
EXPORT_S3_SECRET = environment.text("EXPORT_S3_SECRET")

# The API, as docs/api.md has it

# How often a user or a token may ask; commands that are not for safety; who is not logged in.
API_REQUESTS_PER_MINUTE = environment.whole_number(
    "API_REQUESTS_PER_MINUTE", 600, low=1, high=1_000_000
)
API_COMMANDS_PER_MINUTE = environment.whole_number(
    "API_COMMANDS_PER_MINUTE", 60, low=1, high=1_000_000
)
API_ANONYMOUS_PER_MINUTE = environment.whole_number(
    "API_ANONYMOUS_PER_MINUTE", 30, low=1, high=1_000_000
)
REST_FRAMEWORK = {
    # Views of ours say all of this themselves (trading.api.base); one that forgot lets nobody in.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "trading.api.schema.Schema",
    "EXCEPTION_HANDLER": "trading.api.problems.handler",
    "URL_FORMAT_OVERRIDE": None,
    "STRICT_JSON": True,
    # An address that a client claims is believed only when our own proxy passed it on.
    "NUM_PROXIES": 1 if BEHIND_HTTPS else 0,
    "COERCE_DECIMAL_TO_STRING": True,  # JSON numbers become floats in whoever reads them
}
SPECTACULAR_SETTINGS = {
    "TITLE": "tradebot",
    "DESCRIPTION": "Sessions, signals, orders, fills, trades and backtests. Prices and money are "
    "text with all their digits, sizes whole lots, times UTC.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": ["trading.api.schema.finish"],
}

# Admin

UNFOLD = {
    "SITE_TITLE": "tradebot",
    "SITE_HEADER": "tradebot",
    "SITE_URL": "/",
    "THEME": "dark",
    "SITE_ICON": "tradebot.navigation.icon",
    "LOGIN": {"form": "trading.lockout.AdminLoginForm"},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "tradebot.navigation.icon"}],
    "ENVIRONMENT": "tradebot.navigation.environment",
    "ENVIRONMENT_TITLE_PREFIX": "tradebot.navigation.title_prefix",
    "SIDEBAR": {"show_search": True, "navigation": "tradebot.navigation.sidebar"},
}

# Figures for Prometheus (docs/observability.md)

# Shown by who may read them; nobody but an admin who is logged in may, as long as it is empty.
METRICS_TOKEN = environment.token("METRICS_TOKEN")
# Where a trading process, and a worker, serve them on a port of their own; off when empty.
METRICS_ADDRESS = environment.listen_address("METRICS_ADDRESS", token=METRICS_TOKEN)
METRICS_WORKER_ADDRESS = environment.listen_address("METRICS_WORKER_ADDRESS", token=METRICS_TOKEN)

# Logs

LOGGING_CONFIG = None  # structlog's, set up here and now, instead of Django's
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOG_FORMAT = environment.choice("LOG_FORMAT", "auto", ["auto", "console", "json"])
# JSON lines in a file as well, whatever the terminal shows: a file for each process, by its name.
LOG_FILE = environment.file("LOG_FILE")
LOG_FILE_MB = environment.whole_number("LOG_FILE_MB", 50, low=0, high=10_000)
LOG_FILE_COUNT = environment.whole_number("LOG_FILE_COUNT", 10, low=1, high=1000)
_OURS = process_name(sys.argv)
configure_logging(
    level=LOG_LEVEL,
    style=LOG_FORMAT,
    secrets=[SECRET_KEY],
    file=None
    if LOG_FILE is None
    else LogFile(path=LOG_FILE, name=_OURS, megabytes=LOG_FILE_MB, count=LOG_FILE_COUNT),
)
log_uncaught()
# Of an error: what Django shows with DEBUG, and whatever reports are made of it.
DEFAULT_EXCEPTION_REPORTER_FILTER = "tradebot.reports.Hiding"
DEFAULT_EXCEPTION_REPORTER = "tradebot.reports.Reporter"
