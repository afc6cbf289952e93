"""A ledger file that was emptied, or whose tables were dropped, is a loss that is stated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ai_utilities.usage import SQLiteBudgets, SQLiteLedger, UsageData
from regressions.test_03_killed_workers import captured
from regressions.test_04_changed_bytes import all_tables_dropped, one_byte

ROW = UsageData(model="m")


def emptied(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = [emptied, one_byte, all_tables_dropped]


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
def test_an_emptied_ledger_goes_on_and_states_the_loss(
    damage: Callable[[Path], None], running: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([ROW, ROW])
    ledger.close()
    if running:
        assert ledger.total().requests == 2
    damage(path)
    one = ledger if running else SQLiteLedger(path)
    one.add([ROW])
    assert "is damaged; it was set aside" in caplog.text
    (loss,) = one.recoveries()
    assert (loss.recovered, loss.lost) == (0, None)
    assert Path(loss.aside).exists()
    assert one.total().requests == 1
    one.close()
    assert len(SQLiteLedger(path).recoveries()) == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_command_names_the_loss(
    damage: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ai_utilities.cli.app import run_app

    path = tmp_path / "usage.db"
    monkeypatch.setenv("AI_USAGE_STORE", "sqlite")
    monkeypatch.setenv("AI_USAGE_PATH", str(path))
    ledger = SQLiteLedger(path)
    ledger.add([ROW])
    ledger.close()
    damage(path)
    assert "recovered 0 rows" in captured(run_app, ["ledger", "repair"])
    assert "damaged and recovered" in captured(run_app, ["usage", "--since", "all"])


def test_a_new_file_is_no_loss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([ROW])
    assert ledger.recoveries() == []
    ledger.close()
    assert SQLiteLedger(path).recoveries() == []
    assert caplog.text == ""


def test_a_file_that_holds_another_store_already_is_no_loss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "all.db"
    SQLiteBudgets(path).close()
    ledger = SQLiteLedger(path)
    ledger.add([ROW])
    assert ledger.recoveries() == []
    assert ledger.total().requests == 1
    assert caplog.text == ""
    ledger.close()
