"""The module with the hook, which all packages with a kind of component have."""

from __future__ import annotations


def declared(role: str) -> dict[str, str]:
    """The module that declares the kind; `role` is a member of `ComponentRole`."""
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
