"""The smallest valid documents, to be changed where a test is about the change."""

import json

from procurement.evaluation import evaluate, parse_document

TECHNICAL = {
    "points": None,
    "base_points": "0",
    "raw_maximum": None,
    "minimum": None,
    "aggregate": "mean",
    "criterion_rounding": None,
    "rounding": None,
}


def rounding(mode, digits):
    return {"mode": mode, "digits": digits}


def component(formula="linear", *, id="total", points="100", rounding=None, **ratio):
    return {"id": id, "points": points, "formula": formula, "rounding": rounding, **ratio}


def bid(id, price, technical="50", **more):
    """A valid bid with one price; `technical=None` leaves the technical points to `marks`."""
    given = {} if technical is None else {"technical_points": technical}
    return {"id": id, "status": "valid", "prices": {"total": str(price)}, **given, **more}


def marked(id, price, marks, **more):
    return bid(id, price, technical=None, marks=marks, **more)


def addition(*bids, technical=None, components=None, **changes):
    document = {
        "format": "evaluation/1",
        "title": "窓口予約システムの調達",
        "method": "addition",
        "ceiling_price": "1000",
        "low_price_threshold": None,
        "technical": TECHNICAL | (technical or {}),
        "criteria": [],
        "bonuses": [],
        "price": {"components": components or [component()]},
        "total": {"rounding": None},
        "ties": [],
        "lot": {"missing_number": None},
        "bids": bids,
    } | changes
    return json.loads(json.dumps(document))  # so that no two places share a value, and changing one changes one


def division(*bids, standard_points=None, scale="1000", digits=4, mode="down", **changes):
    document = addition(*bids, method="division", **changes)
    del document["price"]
    return document | {
        "division": {"scale": scale, "standard_points": standard_points, "rounding": rounding(mode, digits)}
    }


def compute(document):
    """The result document, and its bids by id. The way through JSON text is the way a published file takes."""
    result = json.loads(evaluate(parse_document(document)).to_json())
    return result, {bid["id"]: bid for bid in result["bids"]}


def outcome(document, key):
    """One value of every bid's result, by bid id."""
    return {bid["id"]: bid[key] for bid in compute(document)[0]["bids"]}
