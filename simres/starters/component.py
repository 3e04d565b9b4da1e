"""Template: the hook module of a package with a kind of component."""

from __future__ import annotations


def declared(role: str) -> dict[str, str]:
    """The module that declares the kind; `role` is the name of a `ComponentRole` member."""
    return {"src/@module@/__init__.py": _MODULE.replace("ROLE", role)}


_MODULE = '''\
"""For simres: @summary@."""

from collections.abc import Iterator

from simres.plugins.hooks import Component, ComponentRole, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The kind `@part@`."""
    yield Component(
        kind="@part@",
        role=ComponentRole.ROLE,
        spec="@module@.spec:@Class@Spec",
        summary="@summary@",
    )
'''
