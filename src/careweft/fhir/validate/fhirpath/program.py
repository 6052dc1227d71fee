"""From a tree to a closure: each takes the collection it starts at (`$this`) and what surrounds it, and gives another.

Where the type of a value is known from the definitions, a step is one look into the object; elsewhere (`resolve()`,
`children()`) the names of its choice are looked for.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from ...definitions import TYPES
from .functions import FUNCTIONS
from .operators import OPERATORS
from .syntax import Binary, Call, Const, Item, Step, This, Tree, Typed, UnreadableError, Variable, read
from .values import FALSE, MANY, NONE, TRUE, Env, Values, said, truth

Program = Callable[[Values, Env], Values]
Invariant = Callable[[Any, Env], bool]
"""Whether it holds of a value. Raises Unknown, TooCostly."""
UCUM = "http://unitsofmeasure.org"
ANY = ""
"""The type of what only the record itself can tell."""


class Part(NamedTuple):
    """A program, and the type of what it finds."""

    run: Program
    type: str


@lru_cache(4096)
def compiled(expression: str, type_: str = ANY) -> Invariant:
    """The invariant that this expression writes, of values of this type. Raises UnreadableError.

    >>> compiled("family.exists() or given.exists()", "HumanName")({"family": "Lovelace"}, Env({}, frozenset))
    True
    """
    run = compile_tree(read(expression), type_).run

    def holds(value: Any, env: Env) -> bool:
        env.context = value
        return truth(run([value], env)) is True

    return holds


def compile_tree(tree: Tree, type_: str) -> Part:
    """The part that this tree describes, beginning at values of `type_`."""
    match tree:
        case This():
            return Part(lambda this, _: this, type_)
        case Const(value):
            found = NONE if value is None else [value]
            return Part(lambda _, __: found, "")
        case Variable(name):
            return variable(name)
        case Step(of, name):
            return step(compile_tree(of, type_), name, root=isinstance(of, This))
        case Item(of, at):
            return item(compile_tree(of, type_), compile_tree(at, type_))
        case Typed(of, sign, wanted):
            return typed(of, sign, wanted, type_)
        case Binary(sign, left, right):
            return binary(sign, compile_tree(left, type_), compile_tree(right, type_))
        case Call(of, name, args):
            return call(compile_tree(of, type_), name, args, type_)


def variable(name: str) -> Part:
    """`%resource` and its kind: https://hl7.org/fhir/R4/fhirpath.html#variables"""
    match name:
        case "resource":
            return Part(lambda _, env: [env.resource], ANY)
        case "rootResource":
            return Part(lambda _, env: [env.root], ANY)
        case "context":
            return Part(lambda _, env: [env.context], ANY)
        case "ucum":
            return Part(lambda _, __: [UCUM], "string")
    raise UnreadableError(f"the variable %{name} is not spoken here")


def step(of: Part, name: str, *, root: bool) -> Part:
    """`of.name`; at the start of an expression a type's name stands for the value, if it is of that type."""
    if root and name[0].isupper():
        if of.type == name:
            return of
        return Part(lambda this, _: [one for one in this if _resource(one) == name], name)
    if of.type not in TYPES:
        return Part(loose(of.run, name), ANY)
    element = next((one for one in TYPES[of.type].elements if one.name == name), None)
    if element is None:
        return Part(lambda _, __: NONE, ANY)
    keys = [name + one[0].upper() + one[1:] for one in element.types] if element.choice else [name]
    types = element.types
    found = types[0] if len(types) == 1 and types[0] != "Resource" else ANY
    return Part(direct(of.run, keys[0]) if len(keys) == 1 else chosen(of.run, tuple(keys)), found)


def direct(of: Program, key: str) -> Program:
    """The member of this name; where only an extension stands for its value, that."""
    bare = "_" + key

    def run(this: Values, env: Env) -> Values:
        found: Values = []
        for node in of(this, env):
            if type(node) is dict:
                value = node.get(key)
                if value is None and (value := node.get(bare)) is None:
                    continue
                if type(value) is list:
                    found += [{} if one is None else one for one in value]
                else:
                    found.append(value)
        if len(found) > MANY:
            env.spend(len(found))
        return found

    return run


def chosen(of: Program, keys: tuple[str, ...]) -> Program:
    """The member of a choice, under whichever name."""
    names = frozenset(keys) | frozenset("_" + key for key in keys)

    def run(this: Values, env: Env) -> Values:
        found: Values = []
        for node in of(this, env):
            if type(node) is dict:
                there = names & node.keys()
                if there:
                    found.append(node[max(there)])  # "_" sorts before the letters: a value before its extensions
        return found

    return run


def loose(of: Program, name: str) -> Program:
    """The member of a value whose type is not known: by its name, or by that of a choice."""
    exact, size = direct(of, name), len(name)

    def run(this: Values, env: Env) -> Values:
        found = exact(this, env)
        if found:
            return found
        nodes = of(this, env)
        for node in nodes:
            if type(node) is dict:
                env.spend(len(node))
                found += [
                    value for key, value in node.items() if key[size : size + 1].isupper() and _chosen(node, key, name)
                ]
        return found

    return run


def _chosen(node: dict[str, Any], key: str, name: str) -> bool:
    """Is this key the name of a choice, as the type of its resource has it?"""
    if not key.startswith(name):
        return False
    type_ = _resource(node)
    if type_ not in TYPES:
        of = key[len(name) :]
        return of in TYPES or of[0].lower() + of[1:] in TYPES
    known = TYPES[type_].by_json.get(key)
    return known is not None and known[0].choice and known[0].name == name


def _resource(node: Any) -> str:
    found = node.get("resourceType") if type(node) is dict else None
    return found if type(found) is str else ""


def item(of: Part, at: Part) -> Part:
    """`of[at]`"""

    def run(this: Values, env: Env) -> Values:
        found, place = of.run(this, env), at.run(this, env)
        return found[place[0] : place[0] + 1] if place and isinstance(place[0], int) and place[0] >= 0 else NONE

    return Part(run, of.type)


def typed(of: Tree, sign: str, wanted: str, type_: str) -> Part:
    """`is` and `as`: of a choice, by the name under which its value stands; else by what the value says it is."""
    test = sign == "is"
    if isinstance(of, Step):
        above = compile_tree(of.of, type_)
        if above.type not in TYPES or any(one.name == of.name and one.choice for one in TYPES[above.type].elements):
            run = direct(above.run, of.name + wanted[0].upper() + wanted[1:])
            whole = step(above, of.name, root=False).run
            if above.type in TYPES:
                return Part(_whether(run, whole) if test else run, "boolean" if test else _named(wanted))
    part = compile_tree(of, type_)
    if part.type:
        same = _named(wanted) == _named(part.type) or wanted in ("Resource", "Element", "DomainResource")
        if test:
            return Part(lambda this, env: said(same) if part.run(this, env) else NONE, "boolean")
        return part if same else Part(lambda _, __: NONE, wanted)
    kind = _named(wanted)

    def run_loose(this: Values, env: Env) -> Values:
        found = part.run(this, env)
        env.spend(len(found))
        if test:
            return said(_is(found[0], kind)) if found else NONE
        return [one for one in found if _is(one, kind)]

    return Part(run_loose, "boolean" if test else kind)


def _whether(run: Program, whole: Program) -> Program:
    return lambda this, env: TRUE if run(this, env) else FALSE if whole(this, env) else NONE


def _named(wanted: str) -> str:
    """A type's name as the definitions write it: FHIRPath's own `DateTime` is FHIR's `dateTime`."""
    lower = wanted[0].lower() + wanted[1:]
    return lower if lower in TYPES else wanted


def _is(value: Any, kind: str) -> bool:
    if type(value) is dict:
        return value.get("resourceType") == kind if "resourceType" in value else kind in TYPES and not kind[0].islower()
    plain = {bool: ("boolean",), int: ("integer", "decimal", "positiveInt", "unsignedInt"), Decimal: ("decimal",)}
    return kind in plain.get(type(value), ("string", "code", "uri", "url", "canonical", "id", "date", "dateTime"))


def binary(sign: str, left: Part, right: Part) -> Part:
    """`left sign right`; the second side of a condition is looked at only where it decides."""
    if sign in CONDITIONS:
        return Part(CONDITIONS[sign](left.run, right.run), "boolean")
    operator, first, second = OPERATORS[sign], left.run, right.run
    return Part(lambda this, env: operator(first(this, env), second(this, env), env), left.type if sign == "|" else "")


def _and(left: Program, right: Program) -> Program:
    def run(this: Values, env: Env) -> Values:
        first = truth(left(this, env))
        if first is False:
            return FALSE
        second = truth(right(this, env))
        return FALSE if second is False else said(None if first is None or second is None else True)

    return run


def _or(left: Program, right: Program) -> Program:
    def run(this: Values, env: Env) -> Values:
        first = truth(left(this, env))
        if first:
            return TRUE
        second = truth(right(this, env))
        return TRUE if second else said(None if first is None or second is None else False)

    return run


def _xor(left: Program, right: Program) -> Program:
    def run(this: Values, env: Env) -> Values:
        first, second = truth(left(this, env)), truth(right(this, env))
        return NONE if first is None or second is None else said(first is not second)

    return run


def _implies(left: Program, right: Program) -> Program:
    def run(this: Values, env: Env) -> Values:
        first = truth(left(this, env))
        if first is False:
            return TRUE
        second = truth(right(this, env))
        return TRUE if second else NONE if first is None or second is None else FALSE

    return run


CONDITIONS: dict[str, Callable[[Program, Program], Program]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
}


def call(of: Part, name: str, args: tuple[Tree, ...], type_: str) -> Part:
    """`of.name(args)`"""
    scoped = SCOPED.get(name)
    if scoped is not None and (args or name != "exists"):
        inner = [compile_tree(arg, of.type) for arg in args]
        return scoped(of, *inner)
    if name == "exists":
        run = of.run
        return Part(lambda this, env: TRUE if run(this, env) else FALSE, "boolean")
    if name == "extension":
        return SCOPED["where"](
            step(of, "extension", root=False), compile_tree(Binary("=", Step(This(), "url"), args[0]), "Extension")
        )
    function = FUNCTIONS.get(name)
    if function is None:
        raise UnreadableError(f"the function {name}() is not spoken here")
    start, given = of.run, [compile_tree(arg, type_).run for arg in args]
    keeps = of.type if name in KEEPING else ANY
    if not given:
        return Part(lambda this, env: function(start(this, env), env), keeps)
    return Part(lambda this, env: function(start(this, env), env, *[one(this, env) for one in given]), keeps)


KEEPING = frozenset(("first", "last", "tail", "single", "skip", "take", "trace", "distinct", "intersect", "combine"))


def _where(of: Part, test: Part) -> Part:
    start, holds = of.run, test.run

    def run(this: Values, env: Env) -> Values:
        return [one for one in start(this, env) if truth(holds([one], env))]

    return Part(run, of.type)


def _exists(of: Part, test: Part) -> Part:
    start, holds = of.run, test.run
    return Part(lambda this, env: said(any(truth(holds([one], env)) for one in start(this, env))), "boolean")


def _all(of: Part, test: Part) -> Part:
    start, holds = of.run, test.run
    return Part(lambda this, env: said(all(truth(holds([one], env)) for one in start(this, env))), "boolean")


def _select(of: Part, wanted: Part) -> Part:
    start, found = of.run, wanted.run
    return Part(lambda this, env: [value for one in start(this, env) for value in found([one], env)], wanted.type)


def _repeat(of: Part, wanted: Part) -> Part:
    start, found = of.run, wanted.run

    def run(this: Values, env: Env) -> Values:
        result: Values = []
        waiting = start(this, env)
        while waiting:
            waiting = [value for one in waiting for value in found([one], env)]
            env.spend(len(waiting))
            result += waiting
        return result

    return Part(run, ANY)  # what is found may be of several types


def _iif(of: Part, test: Part, then: Part, otherwise: Part | None = None) -> Part:
    def run(this: Values, env: Env) -> Values:
        found = of.run(this, env)
        if truth(test.run(found, env)):
            return then.run(found, env)
        return otherwise.run(found, env) if otherwise else NONE

    return Part(run, then.type)


SCOPED: dict[str, Callable[..., Part]] = {
    "where": _where,
    "exists": _exists,
    "all": _all,
    "select": _select,
    "repeat": _repeat,
    "iif": _iif,
}
