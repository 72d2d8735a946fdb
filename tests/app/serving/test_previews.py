"""The page over the previews is current while previews come, and is not written anew for nothing."""

from pathlib import Path

from amends.serving.previews import SOON, PreviewPage

LATER = 10_000_000_000


def keep(outbox: Path, name: str) -> None:
    folder = outbox / "email"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.eml").write_text(f"Subject: {name}\nTo: ana@example.com\n\nDear Ana\n")


def test_a_new_preview_is_on_the_page_after_the_next_turn(tmp_path: Path) -> None:
    page = PreviewPage(tmp_path, wait=lambda _seconds: False)
    for name in ("first", "second"):
        keep(tmp_path, name)
        page.turn()
        assert name in (tmp_path / "index.html").read_text()


def test_a_preview_of_the_same_moment_is_not_overlooked(tmp_path: Path) -> None:
    keep(tmp_path, "first")
    at = (tmp_path / "email").stat().st_mtime_ns
    page = PreviewPage(tmp_path, wait=lambda _seconds: False, now=lambda: at)
    page.turn()
    (tmp_path / "index.html").write_text("another")
    page.turn()  # though no folder has changed by its time
    assert "first" in (tmp_path / "index.html").read_text()


def test_what_is_shown_already_is_not_written_again(tmp_path: Path) -> None:
    keep(tmp_path, "first")
    at = (tmp_path / "email").stat().st_mtime_ns
    page = PreviewPage(tmp_path, wait=lambda _seconds: False, now=lambda: at + LATER)
    page.turn()
    (tmp_path / "index.html").write_text("untouched")
    page.turn()
    assert (tmp_path / "index.html").read_text() == "untouched"


def test_without_previews_there_is_no_page(tmp_path: Path) -> None:
    PreviewPage(tmp_path, wait=lambda _seconds: False).turn()
    assert list(tmp_path.iterdir()) == []


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    keep(tmp_path, "first")
    waits: list[float] = []
    PreviewPage(tmp_path, wait=lambda seconds: not waits.append(seconds)).turn()
    assert waits == [SOON]
    assert not (tmp_path / "index.html").exists()
