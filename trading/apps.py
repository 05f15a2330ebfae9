"""Registers the `trading` app with Django."""

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = "Trading"

    def ready(self) -> None:
        # These import models, which exist only now.
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in

        from trading import lockout, login_sessions

        user_locked_out.connect(lockout.tell, dispatch_uid="trading.lockout")
        user_logged_in.connect(login_sessions.note_login, dispatch_uid="trading.login_sessions")
