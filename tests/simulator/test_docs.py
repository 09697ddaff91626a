"""docs/simulator.md says what the simulator does: methods, routes, faults and examples."""

import re
from pathlib import Path

import pytest

from bot.simulator import Simulator
from bot.simulator.faults import NAMES
from bot.simulator.spec import METHODS, Param
from tests.simulator.house import Api

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def described(param: Param) -> str:
    return f"**{param.name}**" if param.required else param.name


@pytest.mark.parametrize("method", sorted(METHODS))
def test_each_method_stands_there_with_its_parameters(method: str) -> None:
    words = ", ".join(described(param) for param in METHODS[method]) or "none"
    assert f"| `{method}` | {words} |" in PAGE.read_text(encoding="utf-8").splitlines()


def test_no_method_stands_there_that_is_not_known() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(METHODS)


def test_each_fault_stands_there() -> None:
    named = set(re.findall(r"^- `(\w+)`: ", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == set(NAMES)


async def test_each_route_stands_there_with_an_example(simulator: Simulator) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for method, path in simulator.control_routes():
        assert f"`{method} {path}`" in text, f"{method} {path} is not described"


async def test_the_examples_work_as_they_stand(api: Api) -> None:
    examples = re.findall(
        r"^curl (?:-X (\w+) )?(?:-sN? )?\$SIM(/sim/\S+)(?: --json '(.*)')?$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(examples) >= 12
    for verb, path, body in examples:
        if path == "/sim/events":
            continue
        method = verb or ("POST" if body else "GET")
        async with api.session.request(
            method,
            api.base + path,
            data=body or None,
            headers={"Content-Type": "application/json"} if body else None,
        ) as answer:
            assert answer.status == 200, f"{method} {path}: {await answer.text()}"
