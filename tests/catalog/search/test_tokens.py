import re

from hypothesis import given
from hypothesis import strategies as st

from catalog.search.normalise import CJK, canonical
from catalog.search.tokens import Token, lexemes, quoted, tsvector, wanted

WORDS = st.text("勤怠管理税ひらカナーai7o -・\n", max_size=30).map(canonical)


def finds(tokens, found):
    return all(
        token.text in found or (token.prefix and any(x.startswith(token.text) for x in found)) for token in tokens
    )


def test_lexemes_of_japanese_are_three_characters_and_the_end():
    assert lexemes("勤怠管理") == {"勤怠管", "怠管理", "管理", "理"}


def test_lexemes_join_what_touches_and_latin_words_in_a_row():
    assert lexemes("google cloud版") == {"google", "cloud", "google cloud", "版", "cloud版"}
    assert lexemes("勤怠 管理\nai") == {"勤怠", "怠", "怠 管", "管理", "理", "ai"}


def test_wanted_decides_alone_up_to_three_characters():
    assert wanted("税") == (Token("税", prefix=True),)
    assert wanted("勤怠") == (Token("勤怠", prefix=True),)
    assert wanted("固定資") == (Token("固定資"),)
    assert wanted("kuber") == (Token("kuber", prefix=True),)
    assert wanted("google cl") == (Token("google cl", prefix=True),)


def test_wanted_does_not_complete_a_single_letter():
    assert wanted("a") == (Token("a"),)
    assert wanted("プランa") == (
        Token("プラン"),
        Token("ンa"),
    )


@given(WORDS, st.data())
def test_wanted_tokens_are_in_every_text_with_the_term(text, data):
    """The index never loses a text: whatever stands in it, from the start of a Latin word on, is found."""
    starts = [match.start() for match in re.finditer(f"[{CJK}]|(?<![^\\s{CJK}])[^\\s{CJK}]", text)]
    if not starts:
        return
    start = data.draw(st.sampled_from(starts))
    end = data.draw(st.integers(start + 1, len(text)))
    term = text[start:end].strip()
    following = text[start + len(term) :][:1]
    last = re.search(f"[^\\s{CJK}]+$", term)
    if last and len(last.group()) == 1 and re.match(f"[^\\s{CJK}]", following):
        return  # a single letter is looked for as a whole word
    assert finds(wanted(term), lexemes(text)), (term, text)


def test_tsvector_literal_quotes_everything():
    assert quoted("a'b\\c") == "'a''b\\\\c'"
    assert sorted(tsvector({"ab", "it's"}).split(" ")) == ["'ab'", "'it''s'"]
