"""Records without who they are about: Safe Harbor, 45 CFR 164.514(b)(2), as rows.

What no row names goes nowhere: a new type, a new element, a new extension is left out until somebody writes its row.
"""
