"""Prints the numbers; run as `make corpus`."""

from __future__ import annotations

from recorded.numbers import Row, rows

COLUMNS = f"{'file':42}{'exchanges':>10}{'equal':>7}{'argued':>8}{'different':>11}{'requests':>10}  skipped"


def main() -> None:
    total = Row("all")
    print(COLUMNS)
    for row in rows():
        print(line(row))
        for name in ("exchanges", "equal", "argued", "different", "written"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
        total.skipped["see above"] += sum(row.skipped.values())
    print(line(total))


def line(row: Row) -> str:
    skipped = ", ".join(f"{count} ({reason})" for reason, count in row.skipped.items() if count)
    numbers = f"{row.exchanges:10}{row.equal:7}{row.argued:8}{row.different:11}{row.written:10}"
    return f"{row.file:42}{numbers}  {skipped}".rstrip()


if __name__ == "__main__":
    main()
