"""The house's walls: who may import whom, what every room must have, and words in both languages."""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from marketplace.management.commands.state_diagrams import diagrams

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("marketplace", "catalog", "procurement")
# Dependencies point procurement → catalog → marketplace. The URL configuration is wiring: it must know all three.
FORBIDDEN = {"marketplace": {"catalog", "procurement"}, "catalog": {"procurement"}, "procurement": set()}
WIRING = {Path("marketplace/urls.py"), Path("marketplace/api_urls.py")}
# Within a room a file may import only what stands to its left.
ORDER = ("enums", "rules", "models", "permissions", "tasks", "actions", "forms", "views", "urls")


def modules():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT)


def imports(path):
    """The absolute names of the project's modules that ``path`` imports at its top level."""
    tree = ast.parse((ROOT / path).read_text())
    package = path.parts[:-1]
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield stem
            yield from (f"{stem}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", list(modules()), ids=str)
def test_imports_point_one_way(path):
    if path in WIRING:
        return
    wrong = {name for name in imports(path) if name.split(".")[0] in FORBIDDEN[path.parts[0]]}
    assert wrong == set()


def place(parts):
    """Where in ORDER a module of an app stands: ``catalog/views/public.py`` is a view. None: it has no fixed place."""
    names = [part.removesuffix(".py") for part in parts]
    return next((ORDER.index(name) for name in names if name in ORDER), None)


@pytest.mark.parametrize("path", [path for path in modules() if place(path.parts[1:]) is not None], ids=str)
def test_files_import_leftwards_only(path):
    app = next(config for config in apps.get_app_configs() if (ROOT / path).is_relative_to(config.path))
    own = place(path.parts[1:])
    wrong = {
        name
        for name in imports(path)
        if name.startswith(f"{app.name}.")
        and (other := place(name.removeprefix(f"{app.name}.").split("."))) is not None
        and other > own
    }
    assert wrong == set()


def machines():
    for config in apps.get_app_configs():
        if config.name in ROOMS:
            rules = import_module(f"{config.name}.rules") if (Path(config.path) / "rules.py").exists() else None
            yield from (
                ((name, value) for name, value in vars(rules).items() if name.endswith("_TRANSITIONS")) if rules else ()
            )


@pytest.mark.parametrize(("name", "machine"), list(machines()))
def test_state_machine_has_a_row_for_every_status(name, machine):
    enum = type(next(iter(machine)))
    assert list(machine) == list(enum)
    assert set().union(*machine.values()) <= set(enum)


def test_state_diagrams_are_up_to_date():
    assert diagrams()
    call_command("state_diagrams", check=True)


def test_only_the_clock_tells_the_time():
    """A story is replayed, and a test decides what time it is: the domain asks ``marketplace.clock``."""
    tells = ("timezone.now(", "datetime.now(", "date.today(", "timezone.localdate()", "default=timezone.now")
    allowed = {Path("marketplace/clock.py")}
    domain = [path for path in modules() if not {"launcher", "gbizid_standin", "devmail"} & set(path.parts)]
    found = [
        str(path) for path in domain if path not in allowed and any(tell in (ROOT / path).read_text() for tell in tells)
    ]
    assert found == []


def test_money_and_points_are_never_floats():
    exact = [*(ROOT / "procurement").rglob("*.py"), ROOT / "catalog/pricing.py"]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in exact
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
    ]
    assert found == []
