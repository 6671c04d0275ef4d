"""Customer profiles and their address books as the API writes and changes them."""

import json
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock, numbering
from integrations.sandbox.x_cart.goods import InvalidInput
from integrations.sandbox.x_cart.tables import Settings


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
        if "@" not in login or not 5 <= len(login) <= 128:
            raise InvalidInput("login: This value is not a valid email address.")
        if self._state.row("SELECT id FROM profiles WHERE login = ?", (login,)):
            raise InvalidInput(f"Profile with login '{login}' already exists")
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
            profile.update({key: value for key, value in given.items() if key in profile and key != "id"})
            db.execute(
                "UPDATE profiles SET login = ?, body = ? WHERE id = ?",
                (profile["login"], json.dumps(profile, ensure_ascii=False), profile_id),
            )
        return profile

    def delete(self, profile_id: int) -> bool:
        with self._state.transaction() as db:
            db.execute("DELETE FROM addresses WHERE profile_id = ?", (profile_id,))
            return db.execute("DELETE FROM profiles WHERE id = ?", (profile_id,)).rowcount == 1

    def addresses(self, profile_id: int) -> list[dict[str, Any]]:
        rows = self._state.rows("SELECT body FROM addresses WHERE profile_id = ? ORDER BY id", (profile_id,))
        return [json.loads(row["body"]) for row in rows]

    def add_address(self, profile_id: int, given: dict[str, Any]) -> dict[str, Any]:
        with self._state.transaction() as db:
            address = {**given, "id": numbering.take(db, "address")}
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
        address = {**found[0], **given, "id": address_id}
        with self._state.transaction() as db:
            db.execute(
                "UPDATE addresses SET body = ? WHERE id = ?",
                (json.dumps(address, ensure_ascii=False), address_id),
            )
        return address

    def delete_address(self, profile_id: int, address_id: int) -> bool:
        with self._state.transaction() as db:
            return (
                db.execute(
                    "DELETE FROM addresses WHERE id = ? AND profile_id = ?", (address_id, profile_id)
                ).rowcount
                == 1
            )
