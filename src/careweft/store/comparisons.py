"""How a value compares with what is asked, in SQL: https://hl7.org/fhir/R4/search.html#prefix

`{a}` and `{b}` are the ends of a stretch that a row holds, `{low}` and `{high}` those that are asked, `{exact}` the
number itself. The same as kinds.date.fits and kinds.number.fits say.
"""

SPAN = {
    "eq": "({low} <= {a} and {b} <= {high})",
    "ne": "not ({low} <= {a} and {b} <= {high})",
    "gt": "{b} > {high}",
    "lt": "{a} < {low}",
    "ge": "({b} > {high} or ({low} <= {a} and {b} <= {high}))",
    "le": "({a} < {low} or ({low} <= {a} and {b} <= {high}))",
    "sa": "{a} >= {high}",
    "eb": "{b} <= {low}",
    "ap": "({a} < {high} and {b} > {low})",
}
MOMENT = {  # one microsecond long, so that its end need not be reckoned
    "eq": "({low} <= {a} and {a} < {high})",
    "ne": "not ({low} <= {a} and {a} < {high})",
    "gt": "{a} >= {high}",
    "lt": "{a} < {low}",
    "ge": "{a} >= {low}",
    "le": "{a} < {high}",
    "sa": "{a} >= {high}",
    "eb": "{a} < {low}",
    "ap": "({a} < {high} and {a} >= {low})",
}
AMOUNT = {
    "eq": "({low} <= x.lo and x.hi < {high})",
    "ne": "not ({low} <= x.lo and x.hi < {high})",
    "gt": "x.hi > {exact}",
    "lt": "x.lo < {exact}",
    "ge": "x.hi >= {exact}",
    "le": "x.lo <= {exact}",
    "sa": "x.lo > {exact}",
    "eb": "x.hi < {exact}",
    "ap": "(x.lo <= {high} and {low} <= x.hi)",
}
