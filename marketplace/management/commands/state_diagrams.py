"""Draw every state machine of the project from the dicts that run it."""

from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.module_loading import module_has_submodule

FOLDER = Path(settings.BASE_DIR) / "docs" / "states"


class Command(BaseCommand):
    help = "Write docs/states/*.md from the transition dicts in each room's rules.py."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a diagram is out of date")

    def handle(self, *, check, **options):
        stale = []
        for name, text in diagrams().items():
            path = FOLDER / f"{name}.md"
            if path.exists() and path.read_text() == text:
                continue
            stale.append(name)
            if not check:
                FOLDER.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        if check and stale:
            self.stderr.write("out of date: " + ", ".join(stale) + " (run: make diagrams)")
            raise SystemExit(1)
        self.stdout.write("up to date" if not stale else "written: " + ", ".join(stale))


def diagrams() -> dict[str, str]:
    """Markdown by file name, one for each ``*_TRANSITIONS`` of an installed app's rules."""
    found = {}
    for config in apps.get_app_configs():
        if not module_has_submodule(config.module, "rules"):
            continue
        rules = import_module(f"{config.name}.rules")
        for name in sorted(vars(rules)):
            if name.endswith("_TRANSITIONS"):
                subject = name.removesuffix("_TRANSITIONS").lower()
                found[subject] = _diagram(subject, vars(rules)[name], f"{config.name}.rules.{name}")
    return found


def _diagram(subject, transitions, source) -> str:
    with translation.override("ja"):
        lines = [
            f"# {subject}",
            "",
            f"Generated from `{source}` by `make diagrams`; do not edit.",
            "",
            "```mermaid",
            "stateDiagram-v2",
        ]
        lines += [f"    {state.value}: {state.label}<br/>{state.value}" for state in transitions]
        first = next(iter(transitions))
        lines.append(f"    [*] --> {first.value}")
        for state, targets in transitions.items():
            lines += [f"    {state.value} --> {target.value}" for target in sorted(targets)]
            if not targets:
                lines.append(f"    {state.value} --> [*]")
    return "\n".join([*lines, "```", ""])
