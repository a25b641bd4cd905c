"""Accessibility checks in a real browser, with the vendored axe-core."""

from pathlib import Path

AXE = (Path(__file__).parent / "e2e/vendor/axe-core/axe.min.js").read_text(encoding="utf-8")


def violations(page) -> list[str]:
    """What axe-core holds against the page as it is now: one line per broken rule and element, [] when none."""
    page.evaluate(AXE)  # evaluated by the browser's debugger, so the page's content security policy stays in force
    result = page.evaluate("async () => await axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
