"""`manage.py token`: makes tokens of the API, lists them, revokes them."""

from argparse import ArgumentParser
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from trading.api import tokens
from trading.management.parser import OneLineCommand, OneLineParser
from trading.models import ApiToken


class Command(OneLineCommand):
    """Thin: `trading.api.tokens` does the work."""

    help = "Make, list and revoke tokens of the API. A token is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = OneLineParser.of(cast(CommandParser, parser)).add_subparsers(
            dest="what", required=True, metavar="create|list|revoke"
        )
        create = what.add_parser("create", help="make one, and print it")
        create.add_argument("user", help="whose it is: it may never more than this user")
        create.add_argument("name", help="what it is for")
        create.add_argument(
            "--scope", action="append", default=[], metavar="|".join(tokens.Scope),
            help="may be repeated; default: read",
        )  # fmt: skip
        create.add_argument(
            "--days", type=int, default=tokens.DAYS, help=f"how long it counts ({tokens.DAYS})"
        )
        listed = what.add_parser("list", help="what there is")
        listed.add_argument("--user", help="of one user")
        revoke = what.add_parser("revoke", help="from now on it counts no more")
        revoke.add_argument("user")
        revoke.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['what']}")(options)
        except tokens.TokenError as error:
            raise CommandError(str(error)) from error

    def _create(self, options: dict[str, Any]) -> None:
        scopes = options["scope"] or [tokens.Scope.READ]
        user = _user(options["user"])
        row, text = tokens.create(user, options["name"], scopes, days=options["days"])
        self.stdout.write(text)
        self.stderr.write(
            f"{row.name} of {user.get_username()}: {', '.join(row.scopes)}; until "
            f"{row.expires_at:%Y-%m-%d}. It is not shown again."
        )

    def _list(self, options: dict[str, Any]) -> None:
        rows = ApiToken.objects.select_related("user").order_by("user__username", "name")
        if options["user"] is not None:
            rows = rows.filter(user=_user(options["user"]))
        for row in rows:
            used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never"
            self.stdout.write(
                f"{row.user.get_username():16} {row.name:24} {row.hint}…  {tokens.state(row):8} "
                f"{','.join(row.scopes)}  until {row.expires_at:%Y-%m-%d}, used {used}"
            )

    def _revoke(self, options: dict[str, Any]) -> None:
        user = _user(options["user"])
        row = ApiToken.objects.filter(user=user, name=options["name"]).first()
        if row is None:
            raise CommandError(
                f"{user.get_username()} has no token {options['name']!r}; manage.py token list "
                "shows what there is"
            )
        changed = tokens.revoke(row)
        self.stdout.write(f"{row} {'is revoked' if changed else 'was revoked before'}.")


def _user(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        known = ", ".join(User.objects.order_by("username").values_list("username", flat=True)[:10])
        raise CommandError(f"there is no user {name!r}; there are {known or 'none'}")
    return user
