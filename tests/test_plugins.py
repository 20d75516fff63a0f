"""Discovery of plugins: what works is offered, what is broken is named and kept apart."""

from __future__ import annotations

import textwrap

import pytest

from groupsync.backend import BackendContext
from groupsync.errors import ConfigError, PluginError
from groupsync.plugins import Plugins

BACKEND = """
    from groupsync.backend import Capabilities
    from groupsync.hookspecs import hookimpl
    from groupsync.model import Snapshot

    class Backend:
        name = "NAME"
        options_schema = {"type": "object"}
        capabilities = Capabilities(frozenset())
        @classmethod
        def from_options(cls, options, context): return cls()
        def read(self, scope): return Snapshot(())
        def members(self, group): return iter(())
        def apply(self, change): return None
        def close(self): pass
"""
OFFER = """
    @hookimpl
    def groupsync_register_backends(): return [Backend]
"""


def module_text(name, *parts):
    return "\n".join(textwrap.dedent(part) for part in parts).replace("NAME", name)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with one plugin, the way pip leaves it on disk."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(name, text, distribution=None, version="1.2"):
        module, dist = f"gs_test_{tmp_path.name}_{name}".replace("-", "_"), distribution or f"{name}-dist"
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[groupsync]\n{name} = {module}\n")

    return installed


def info_of(plugins, name):
    return next(info for info in plugins.listing() if info.name == name)


def test_bundled_plugins_come_through_the_front_door():
    """The bundled backends are found by entry point and listed with distribution, version and hooks."""
    plugins = Plugins.discover({})
    info = info_of(plugins, "memory")

    assert {"memory"} <= set(plugins.backends)
    hooks = ("groupsync_register_backends", "groupsync_register_sources")
    assert ("groupsync", hooks, ("memory",), ("memory",), "") == (
        info.distribution, info.hooks, info.backends, info.sources, info.error
    )  # fmt: skip
    assert info.version
    assert "memory" == plugins.backend("memory").cls.name


def test_a_strangers_plugin_works_like_a_bundled_one(install, tmp_path):
    """A distribution with an entry point is all it takes."""
    install("other", module_text("other", BACKEND, OFFER))
    found = Plugins.discover({}).backend("other")

    assert ("other", "other-dist", "1.2") == (found.plugin, found.distribution, found.version)
    context = BackendContext(tmp_path, "p", "t", str)
    assert "other" == found.cls.from_options({}, context).name


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = ", "SyntaxError"),
        ("", "it implements no hook"),
        (module_text("bad", BACKEND, "@hookimpl\ndef groupsync_register_backend(): return []"), "unknown hook"),
        (module_text("bad", BACKEND, "@hookimpl\ndef groupsync_register_backends(cfg): return []"), "cfg"),
        (module_text("bad", BACKEND, "@hookimpl\ndef groupsync_register_backends(): return 5"), "int 5"),
        (module_text("bad", BACKEND, "@hookimpl\ndef groupsync_register_backends(): return 'x'"), "str 'x'"),
        (module_text("bad", BACKEND, "@hookimpl\ndef groupsync_register_backends(): return [Backend()]"), "a class"),
        (module_text("bad", BACKEND, "@hookimpl\ndef groupsync_register_backends(): 1 / 0"), "ZeroDivisionError"),
        (module_text("No Good", BACKEND, OFFER), "'No Good'"),
        (module_text("bad", BACKEND, "del Backend.apply", OFFER), "lacks `apply`"),
        (module_text("bad", BACKEND, "del Backend.options_schema", OFFER), "options_schema"),
    ],
)
def test_a_broken_plugin_is_named_and_costs_nobody_else_anything(install, text, cause):
    """Whatever is wrong with a plugin, it is listed with its version and cause, and the others still work."""
    install("bad", text, version="0.9")
    install("good", module_text("good", BACKEND, OFFER))
    plugins = Plugins.discover({})

    assert {"memory", "good"} <= set(plugins.backends)
    [broken] = plugins.broken
    assert ("bad", "bad-dist", "0.9") == (broken.name, broken.distribution, broken.version)
    assert cause in broken.error
    [diagnostic] = plugins.diagnostics()
    assert ("GS701", "bad-dist 0.9") == (diagnostic.code, diagnostic.plugin)


def test_wanting_a_backend_of_a_broken_plugin_says_why_it_is_not_there(install):
    """The error names the plugin, its version and the cause, not merely an unknown name."""
    install("bad", "import no_such_module_anywhere")
    with pytest.raises(PluginError, match="no_such_module_anywhere") as caught:
        Plugins.discover({}).backend("bad")

    assert ("bad-dist", "1.2") == (caught.value.plugin, caught.value.version)


def test_an_unknown_backend_gets_the_list_and_a_suggestion():
    """A typo is answered with the nearest name."""
    with pytest.raises(ConfigError) as caught:
        Plugins.discover({}).backend("memroy")

    assert "Did you mean `memory`?" == caught.value.hint
    assert "`memory`" in caught.value.detail


def test_one_name_offered_twice_is_refused_to_both(install):
    """Neither plugin wins by the order of installation; both are named, and what else they offer works."""
    install("one", module_text("same", BACKEND, OFFER))
    install("two", module_text("same", BACKEND, OFFER))
    plugins = Plugins.discover({})

    assert "same" not in plugins.backends
    assert ["one", "two"] == [info.name for info in plugins.broken]
    with pytest.raises(PluginError, match=r"`one` of one-dist 1\.2 and `two` of two-dist 1\.2"):
        plugins.backend("same")


def test_a_stranger_can_not_take_over_a_bundled_name(install):
    """A backend called like a bundled one is refused, not preferred, and disabling it brings the bundled one back."""
    install("evil", module_text("memory", BACKEND, OFFER))
    with pytest.raises(PluginError):
        Plugins.discover({}).backend("memory")

    assert "memory" == Plugins.discover({"GROUPSYNC_DISABLE_PLUGINS": "evil"}).backend("memory").plugin


@pytest.mark.parametrize(
    ("value", "left_out"), [("memory", {"memory"}), ("*", {"memory", "file"}), (" file , memory ,", {"memory", "file"})]
)
def test_plugins_can_be_left_out(install, value, left_out):
    """GROUPSYNC_DISABLE_PLUGINS takes names or `*`; what it leaves out is never imported, but still listed."""
    plugins = Plugins.discover({"GROUPSYNC_DISABLE_PLUGINS": value})

    assert left_out <= {info.name for info in plugins.listing() if info.is_disabled}
    assert "memory" not in plugins.backends
    with pytest.raises(ConfigError, match="GROUPSYNC_DISABLE_PLUGINS leaves out"):
        plugins.backend("memory")


def test_two_distributions_may_use_one_entry_point_name(install):
    """The name of an entry point is not a key: both plugins load."""
    install("twin", module_text("first", BACKEND, OFFER), distribution="a-dist")
    install("memory", module_text("second", BACKEND, OFFER))
    plugins = Plugins.discover({})

    assert {"first", "second", "memory"} <= set(plugins.backends)
    assert () == plugins.broken


def test_a_schema_that_is_none_is_the_plugins_fault(install):
    """The options schema is checked when it is needed, and the plugin is blamed."""
    text = module_text("odd", BACKEND, 'Backend.options_schema = {"type": "objekt"}', OFFER)
    install("odd", text)
    with pytest.raises(PluginError, match="not a JSON Schema") as caught:
        Plugins.discover({}).backend("odd").options_schema()

    assert "odd-dist 1.2" in caught.value.detail


def test_every_bundled_schema_is_one():
    """The bundled backends describe their options in valid JSON Schema that refuses unknown keys."""
    for plugin in Plugins.discover({}).backends.values():
        assert plugin.options_schema()["additionalProperties"] is False
