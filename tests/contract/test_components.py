"""Every component is fit for anybody's own program."""

from __future__ import annotations

import ast
import inspect
import textwrap
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

import haven_iac.components as components
from haven_iac.keys.material import make
from haven_iac.testing import run

SPEC: dict[str, Any] = {
    "name": "test",
    "cloud": {"kind": "local"},
    "pools": {"general": {"size": 3}},
    "ingress": {"domain": "test.nl"},
}


def made() -> dict[str, dict[str, Any]]:
    """Return what the engine's dynamic resources would make."""
    files = make("test-abcde", datetime(2026, 11, 24, tzinfo=UTC)).files
    dynamic = "pulumi-python:dynamic/haven:"
    return {
        f"{dynamic}ClusterKeys": {"identity": "test-abcde", "ca_cert": files["ca.crt"], "material": files},
        f"{dynamic}AdminCredential": {"cert": "certificate", "key": "key", "not_after": "2027-11-24T00:00:00+00:00"},
        f"{dynamic}LocalEndpoint": {
            "address": "127.1.2.3",
            "ports": {"kube-apiserver": 6443},
            "server": "https://127.1.2.3:6443",
        },
        f"{dynamic}LocalControlPlane": {"ready": "https://127.1.2.3:6443"},
    }


def documented(cls: type) -> dict[str, bool]:
    """Return for each attribute that a class writes down whether a docstring follows it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            found[node.target.id] = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    return found


@pytest.mark.parametrize("component", components.ALL, ids=lambda one: one.__name__)
class TestComponent:
    def test_its_token_is_written_down(self, component: type[Any]) -> None:
        assert component._token == f"haven:index:{component.__name__}"

    def test_it_has_typed_args_with_a_docstring_each(self, component: type[Any]) -> None:
        args = getattr(components, f"{component.__name__}Args")
        assert inspect.getdoc(component)
        assert documented(args)
        assert all(documented(args).values()), documented(args)
        assert set(args.__annotations__) == set(documented(args))

    def test_every_output_has_a_docstring(self, component: type[Any]) -> None:
        assert all(documented(component).values()), documented(component)

    def test_its_constructor_is_what_a_component_host_expects(self, component: type[Any]) -> None:
        assert list(inspect.signature(component.__init__).parameters) == ["self", "name", "args", "opts"]


def test_a_whole_cluster_can_be_built_in_somebodys_own_program() -> None:
    def program() -> dict[str, pulumi.Output[Any]]:
        cluster = components.HavenCluster("mine", {"spec": SPEC, "root": "/nowhere"})
        return {"server": cluster.server, "kubeconfig": cluster.kubeconfig}

    recorded = run(program, made=made())
    tokens = [one.typ for one in recorded.resources]
    for component in components.ALL:
        if component.__name__ != "AddOn":
            assert component._token in tokens
    assert tokens.count("kubernetes:core/v1:Node") == 6


def test_plans_children_carry_what_the_provider_has_to_know() -> None:
    recorded = run(lambda: {"c": components.HavenCluster("mine", {"spec": SPEC, "root": "/x"}).server}, made=made())
    ours = [one for one in recorded.resources if one.typ == "kubernetes:core/v1:Namespace"]
    assert ours
    assert all(one.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true" for one in ours)
