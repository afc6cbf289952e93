"""A keyring that forgets everything with the test."""

from __future__ import annotations

from keyring.backend import KeyringBackend


class MemoryKeyring(KeyringBackend):
    priority = 1  # type: ignore[assignment]  # the base has a class property here

    def __init__(self) -> None:
        super().__init__()
        self._retained: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._retained.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._retained[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._retained.pop((service, username), None)
