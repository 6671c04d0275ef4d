"""Customer profiles and their address books as the API writes and changes them."""

import json
import sqlite3
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock, numbering
from integrations.sandbox.x_cart.goods import InvalidInput
from integrations.sandbox.x_cart.people import TOWNS
from integrations.sandbox.x_cart.tables import Settings

_ADDRESS_DEFAULTS: dict[str, Any] = {
    "is_billing": False,
    "is_shipping": False,
    "is_work": False,
    "type": "R",
    "title": "",
    "firstname": "",
    "lastname": "",
    "phone": "",
    "street": "",
    "zipcode": "",
    "city": "",
    "country_code": "",
    "state": None,
    "state_name": "",
    "custom_fields": [],
}


class Profiles:
    """Reads and changes profiles; each change is one transaction."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def all(self, login_part: str = "") -> list[dict[str, Any]]:
        """Return profiles whose login holds ``login_part`` (the shop's filter is a substring)."""
        rows = self._state.rows("SELECT login, body FROM profiles ORDER BY id")
        return [json.loads(row["body"]) for row in rows if login_part.lower() in row["login"].lower()]

    def get(self, profile_id: int) -> dict[str, Any] | None:
        row = self._state.row("SELECT body FROM profiles WHERE id = ?", (profile_id,))
        return json.loads(row["body"]) if row else None

    def create(self, given: dict[str, Any]) -> dict[str, Any]:
        """Add a profile. Raises InvalidInput."""
        login = str(given.get("login", ""))
        self._check_login(login, None)
        with self._state.transaction() as db:
            profile = {
                "id": numbering.take(db, "profile"),
                "login": login,
                "access_level": 0,
                "status": given.get("status", "E"),
                "status_comment": given.get("status_comment", ""),
                "create_date": clock.utc_text(clock.now(self._settings)),
                "first_login_date": None,
                "last_login_date": None,
                "referer": "",
                "language": given.get("language", "en"),
                "membership_id": given.get("membership_id"),
                "pending_membership_id": None,
                "force_change_password": False,
                "role_ids": [],
            }
            db.execute(
                "INSERT INTO profiles VALUES (?, ?, ?)",
                (profile["id"], login, json.dumps(profile, ensure_ascii=False)),
            )
        return profile

    def change(self, profile_id: int, given: dict[str, Any]) -> dict[str, Any] | None:
        with self._state.transaction() as db:
            profile = self.get(profile_id)
            if profile is None:
                return None
            self._check_login(str(given.get("login", profile["login"])), profile_id)
            profile.update({key: value for key, value in given.items() if key in profile and key != "id"})
            db.execute(
                "UPDATE profiles SET login = ?, body = ? WHERE id = ?",
                (profile["login"], json.dumps(profile, ensure_ascii=False), profile_id),
            )
        return profile

    def _check_login(self, login: str, own_id: int | None) -> None:
        if "@" not in login or not 5 <= len(login) <= 128:
            raise InvalidInput("login: This value is not a valid email address.")
        row = self._state.row("SELECT id FROM profiles WHERE login = ?", (login,))
        if row is not None and row["id"] != own_id:
            raise InvalidInput(f"Profile with login '{login}' already exists")

    def delete(self, profile_id: int) -> bool:
        with self._state.transaction() as db:
            db.execute("DELETE FROM addresses WHERE profile_id = ?", (profile_id,))
            return db.execute("DELETE FROM profiles WHERE id = ?", (profile_id,)).rowcount == 1

    def addresses(self, profile_id: int) -> list[dict[str, Any]]:
        rows = self._state.rows("SELECT body FROM addresses WHERE profile_id = ? ORDER BY id", (profile_id,))
        return [json.loads(row["body"]) for row in rows]

    def add_address(self, profile_id: int, given: dict[str, Any]) -> dict[str, Any]:
        with self._state.transaction() as db:
            address = _stored({**_ADDRESS_DEFAULTS, **given, "id": numbering.take(db, "address")})
            self._take_flags(db, profile_id, address)
            db.execute(
                "INSERT INTO addresses VALUES (?, ?, ?)",
                (address["id"], profile_id, json.dumps(address, ensure_ascii=False)),
            )
        return address

    def change_address(
        self, profile_id: int, address_id: int, given: dict[str, Any]
    ) -> dict[str, Any] | None:
        found = [each for each in self.addresses(profile_id) if each["id"] == address_id]
        if not found:
            return None
        if "state_name" in given and "state" not in given:
            given = {**given, "state": None}
        address = _stored({**found[0], **given, "id": address_id})
        with self._state.transaction() as db:
            self._take_flags(db, profile_id, address)
            db.execute(
                "UPDATE addresses SET body = ? WHERE id = ?",
                (json.dumps(address, ensure_ascii=False), address_id),
            )
        return address

    def _take_flags(self, db: sqlite3.Connection, profile_id: int, address: dict[str, Any]) -> None:
        """Of a book one address is the billing and one the shipping address: the newly chosen one."""
        for flag in ("is_billing", "is_shipping"):
            for other in self.addresses(profile_id) if address[flag] else ():
                if other[flag] and other["id"] != address["id"]:
                    other[flag] = False
                    text = json.dumps(other, ensure_ascii=False)
                    db.execute("UPDATE addresses SET body = ? WHERE id = ?", (text, other["id"]))

    def delete_address(self, profile_id: int, address_id: int) -> bool:
        with self._state.transaction() as db:
            return (
                db.execute(
                    "DELETE FROM addresses WHERE id = ? AND profile_id = ?", (address_id, profile_id)
                ).rowcount
                == 1
            )


def _stored(address: dict[str, Any]) -> dict[str, Any]:
    """Return an address as the shop keeps it: a state that it knows has its number. Raises InvalidInput."""
    if len(str(address["zipcode"])) > 32:
        raise InvalidInput("zipcode: This value is too long. It should have 32 characters or less.")
    if len(str(address["country_code"])) not in (0, 2):
        raise InvalidInput("country_code: This value is not a valid country.")
    for town in TOWNS:
        if town.country == address["country_code"] and (
            address["state"] == town.state_id or address["state_name"] == town.state_name
        ):
            return {**address, "state": town.state_id, "state_name": town.state_name}
    return address
