"""法人番号: thirteen digits, the first of which checks the other twelve (平成26年財務省令第70号第2条)."""

import re


def corporate_number_check_digit(base: str) -> int:
    """Return the check digit (1 to 9) of a twelve-digit 基礎番号: 9 − (Σ digit × weight mod 9).

    Weights are 1, 2, 1, 2… from the right. The modulus is of the whole sum; the ordinance's brackets leave that open.
    """
    if not re.fullmatch("[0-9]{12}", base):
        raise ValueError(f"A base number has twelve digits, not {base!r}.")
    weighted = sum(int(digit) * (2 if position % 2 else 1) for position, digit in enumerate(reversed(base)))
    return 9 - weighted % 9


def corporate_number_is_valid(number: str) -> bool:
    """Thirteen ASCII digits whose first is right. Says nothing of whether the number was ever assigned.

    Numbers of sole proprietors (個人事業主管理番号) are no 法人番号 and follow no such rule.
    """
    return bool(re.fullmatch("[0-9]{13}", number)) and int(number[0]) == corporate_number_check_digit(number[1:])


def format_corporate_number(number: str) -> str:
    """``7000012050002`` → ``7-0000-1205-0002``, grouped for reading. Anything else comes back as it is."""
    if not re.fullmatch("[0-9]{13}", number):
        return number
    return f"{number[0]}-{number[1:5]}-{number[5:9]}-{number[9:]}"
