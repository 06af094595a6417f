"""Units of measure, and numbers that are written as words."""

from .stems import stem

_UNITS = {
    "time": {
        "millisecond": 0.001, "ms": 0.001, "second": 1.0, "seconds": 1.0, "sec": 1.0, "secs": 1.0,
        "s": 1.0, "minute": 60.0, "min": 60.0, "mins": 60.0, "hour": 3600.0, "hr": 3600.0,
        "hrs": 3600.0, "h": 3600.0, "day": 86_400.0, "night": 86_400.0, "evening": 86_400.0,
        "morning": 86_400.0, "afternoon": 86_400.0, "overnight": 86_400.0,
        "week": 604_800.0, "weekend": 604_800.0, "fortnight": 1_209_600.0,
        "month": 2_629_800.0, "quarterly": 7_889_400.0, "year": 31_557_600.0,
        "decade": 315_576_000.0, "century": 3_155_760_000.0,
        "monday": 604_800.0, "tuesday": 604_800.0, "wednesday": 604_800.0, "thursday": 604_800.0,
        "friday": 604_800.0, "saturday": 604_800.0, "sunday": 604_800.0,
    },
    "mass": {
        "milligram": 1e-6, "mg": 1e-6, "gram": 0.001, "g": 0.001, "kilogram": 1.0, "kilo": 1.0,
        "kg": 1.0, "tonne": 1000.0, "ton": 1000.0, "pound": 0.4536, "lb": 0.4536, "lbs": 0.4536,
        "ounce": 0.02835, "stone": 6.35,
    },
    "length": {
        "millimetre": 0.001, "mm": 0.001, "centimetre": 0.01, "cm": 0.01, "metre": 1.0,
        "meter": 1.0, "m": 1.0, "kilometre": 1000.0, "kilometer": 1000.0, "km": 1000.0,
        "mile": 1609.3, "foot": 0.3048, "feet": 0.3048, "inch": 0.0254, "yard": 0.9144,
    },
    "volume": {
        "millilitre": 0.001, "ml": 0.001, "litre": 1.0, "liter": 1.0, "l": 1.0, "gallon": 4.546,
        "pint": 0.568,
    },
    "data": {
        "byte": 1.0, "kilobyte": 1e3, "kb": 1e3, "megabyte": 1e6, "mb": 1e6, "gigabyte": 1e9,
        "gb": 1e9, "terabyte": 1e12, "tb": 1e12,
    },
    "share": {"%": 0.01, "percent": 0.01, "percentage": 0.01},
    "money": {
        "euro": 1.0, "eur": 1.0, "dollar": 1.0, "usd": 1.0, "pound": 1.0, "gbp": 1.0, "credit": 1.0,
        "coin": 1.0, "cent": 0.01, "penny": 0.01, "pence": 0.01, "token": 1.0, "yen": 1.0,
        "franc": 1.0, "crown": 1.0,
    },
    "temperature": {"degree": 1.0, "celsius": 1.0},
    "speed": {"kmh": 1.0, "km/h": 1.0, "mph": 1.609, "knot": 1.852},
}  # fmt: skip

UNITS = {
    stem(name) if len(name) > 2 else name: (dimension, factor)
    for dimension, names in reversed(_UNITS.items())
    for name, factor in names.items()
}
"""From the stem of a unit to its dimension and its size in that dimension's own unit (second,
kilogram, metre, litre, byte, whole, coin, degree, km/h). Currencies are not converted."""

ADVERBS = {
    "hourly": 3600.0, "daily": 86_400.0, "weekly": 604_800.0,
    "fortnightly": 1_209_600.0, "monthly": 2_629_800.0, "quarterly": 7_889_400.0,
    "yearly": 31_557_600.0, "annually": 31_557_600.0, "annual": 31_557_600.0,
}  # fmt: skip
"""Words that say how often, with the period in seconds."""

TIMES = {"once": 1.0, "twice": 2.0, "thrice": 3.0}

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " \
        "fifteen sixteen seventeen eighteen nineteen"  # fmt: skip
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL = {word: float(value) for value, word in enumerate(_ONES.split())} | {
    word: 20.0 + 10.0 * place for place, word in enumerate(_TENS.split())
} | {"single": 1.0, "sole": 1.0, "couple": 2.0, "both": 2.0, "pair": 2.0}  # fmt: skip
LARGE = {"hundred": 100.0, "thousand": 1000.0, "million": 1e6, "billion": 1e9, "dozen": 12.0,
         "score": 20.0, "k": 1000.0}  # fmt: skip
FRACTIONS = {"half": 0.5, "halves": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25,
             "quarters": 0.25, "fifth": 0.2, "fifths": 0.2, "tenth": 0.1,
             "tenths": 0.1}  # fmt: skip
