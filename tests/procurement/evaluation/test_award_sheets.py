"""Every published award sheet, reproduced to the last digit."""

import json
from pathlib import Path

import pytest

from procurement.evaluation import evaluate, load_json, parse_document
from procurement.evaluation.cli import compare

ROOT = Path(__file__).parents[3]
SHEETS = sorted((ROOT.parent / "shared" / "award-sheets").glob("*.json"))


def test_award_sheets_are_there():
    """Without sheets the test below would have no case, and pass."""
    assert len(SHEETS) >= 5


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_award_sheet_is_reproduced(path):
    sheet = load_json(path.read_bytes())

    result = evaluate(parse_document(sheet["document"]))

    assert compare(result, sheet["expected"]) == []
    bids = {bid.id: bid.as_dict() for bid in result.bids}
    assert bids.keys() == sheet["expected"]["bids"].keys()
    for bid_id, published in sheet["expected"]["bids"].items():
        assert {key: bids[bid_id][key] for key in published} == published
    assert result.winner == sheet["expected"]["winner"]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_award_sheet_survives_its_own_result(path):
    """Evaluating the document again, keys in another order, changes neither digest nor result."""
    document = load_json(path.read_bytes())["document"]
    reordered = json.loads(json.dumps(document, sort_keys=True, indent=3))

    assert evaluate(parse_document(reordered)).to_json() == evaluate(parse_document(document)).to_json()
