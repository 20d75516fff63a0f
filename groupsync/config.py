"""Read `groupsync.yaml`: the project, its definitions, and the targets they go to. An edge: it does I/O.

All that is wrong with the file is found in one go. Secrets are looked up at once, too, but one that is missing only
matters where its target is opened (`check_options`), so that definitions can be validated without any.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from groupsync import source_config
from groupsync.adoption import NO_ADOPTION, Adoption
from groupsync.config_base import with_base
from groupsync.config_identity import config_id
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.guard_config import guards_of
from groupsync.identity import Identity
from groupsync.journal_config import KEPT_RUNS, check_journal, git_ref, journal_folder, kept_runs
from groupsync.model import CONFIG_NAME, DEFAULT_GUARDS, Diagnostic, Guards, Reference, Severity, SourceRange
from groupsync.policy_config import check_policies_section, policy_options
from groupsync.schema_check import check, sound_part
from groupsync.schema_words import pointer_words
from groupsync.secret_references import has_reference, keep_secret_files, malformed_references
from groupsync.secrets import Secret
from groupsync.targets import OWN_KEYS, Selector, TargetConfig, target_config
from groupsync.wording import counted
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from groupsync.backend import JsonSchema
    from groupsync.config_identity import ConfigId
    from groupsync.journal_config import GitRef
    from groupsync.plugin_options import Pointer
    from groupsync.policy import PolicyOptions
    from groupsync.source_config import SourceConfig
    from groupsync.yaml.document import Document

__all__ = [
    "CONFIG_NAME",
    "Config",
    "Secret",
    "Selector",
    "TargetConfig",
    "config_schema",
    "find_config",
    "load_config",
]

MAX_CONFIG_BYTES: Final = 4 << 20
APPROVALS_FOLDER: Final = "approvals"
_OWN_KEYS: Final[dict[str | int, tuple[str, ...]]] = {"targets": OWN_KEYS, "sources": source_config.OWN_KEYS}
"""By section, the keys of its entries that are not a plugin's options."""
_DEFAULT_IDENTITY: Final = Identity(unusual="refuse")


@dataclass(frozen=True, slots=True)
class Config:
    """A project's config, checked.

    Attributes:
        project: the ownership mark.
        id: which config of which project it is, whatever is in it; plans and runs belong to it.
        root: the project's folder, absolute; the config lies in it.
        path: the config's file name.
        definitions: patterns of the files that hold definitions, relative to `root`.
        ignore: patterns of files that may look like definitions and are not meant to be read, relative to `root`.
        journal: the folder where runs are written down, absolute, inside `root`.
        identity: how members are made canonical, with the aliases.
        targets: in the order written; no name twice.
        exclude: groups to take out of every other.
        definitions_at: where each of `definitions` is written.
        kept_runs: how many of them are kept.
        store: what keeps runs for longer than the folder lasts; None for the folder alone.
        policies: what must hold of every group; None where nothing is asked.
        guards: the limits that a plan must respect.
        approvals: the folder with exceptions from them, from `root`.
        sources: where customers are kept, in the order written; no name twice.
        adopt: which groups definitions may take over, and who is asked.
        earlier_projects: names that the project had before.
        redact_key: refers to the key of pseudonyms, as written; empty where the config names none.
    """

    project: str
    id: ConfigId
    root: Path
    path: str
    definitions: tuple[str, ...]
    journal: Path
    identity: Identity = _DEFAULT_IDENTITY
    targets: tuple[TargetConfig, ...] = ()
    exclude: tuple[Reference, ...] = ()
    definitions_at: tuple[SourceRange, ...] = ()
    kept_runs: int = KEPT_RUNS
    store: GitRef | None = None
    policies: PolicyOptions | None = None
    guards: Guards = DEFAULT_GUARDS
    approvals: str = APPROVALS_FOLDER
    sources: tuple[SourceConfig, ...] = ()
    adopt: Adoption = NO_ADOPTION
    earlier_projects: tuple[str, ...] = ()
    redact_key: str = ""
    ignore: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def config_schema() -> JsonSchema:
    """Return the JSON Schema of the config. Reads the package's own data the first time."""
    from importlib import resources

    text = resources.files("groupsync.schemas").joinpath("config.v1.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def find_config(start: Path) -> Path:
    """Return the config of the project that `start` lies in: in that folder or above it, up to the git root.

    Raises:
        ConfigError: there is none, or the one above belongs to somebody else.
    """
    folder = start.resolve()
    for each in (folder, *folder.parents):
        if (each / CONFIG_NAME).is_file():
            if each != folder and _is_strangers(each / CONFIG_NAME, folder):
                detail = f"`{each / CONFIG_NAME}` is neither yours nor of whom `{folder}` is."
                hint = f"If you trust it, name it: `--config {each / CONFIG_NAME}`. Or `groupsync init` here."
                raise ConfigError("The config above this folder belongs to somebody else", detail, hint)
            return each / CONFIG_NAME
        misnamed = each / "groupsync.yml"
        if misnamed.is_file():
            summary = f"The config is called `{misnamed.name}`"
            raise ConfigError(summary, f"`{misnamed}` should be `{CONFIG_NAME}`.", f"mv {misnamed.name} {CONFIG_NAME}")
        if (each / ".git").exists():
            break
    detail = f"There is no `{CONFIG_NAME}` in `{folder}` or above it."
    raise ConfigError("This is no groupsync project", detail, "Start one with `groupsync init`, or name a config.")


def _is_strangers(config: Path, folder: Path) -> bool:
    """Tell whether whoever wrote a config could be anybody: where all may write above, it could lead secrets away."""
    return hasattr(os, "getuid") and config.stat().st_uid not in {os.getuid(), folder.stat().st_uid}


def load_config(path: Path) -> Config:
    """Read and check a config, and look its secrets up.

    Raises:
        ConfigError: the file can't be read.
        InvalidDefinitions: all that is wrong with it.
    """
    documents, findings = parse_yaml(_read(path), path.name)
    if not findings and len(documents) != 1:
        findings.append(_not_one_document(documents, path.name))
    identity = _DEFAULT_IDENTITY
    documents = documents[:1]
    if not findings:
        documents[0], found = with_base(documents[0], path.parent, _read)
        findings += found
    for document in documents if not findings else ():
        findings += [*_check(document, path.parent), *check_journal(document, path.parent)]
        findings += check_policies_section(document) if not findings else []
        identity = _identity(document, path.parent, findings)
    if any(found.severity is Severity.ERROR for found in findings):
        raise InvalidDefinitions(findings)
    return _config(documents[0], path, identity)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no config `{path}`", "", "Correct the path, or `groupsync init`.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"The config `{path}` can't be read", reason, "Name a readable file.") from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"The config `{path}` is too large", f"It has more than {MAX_CONFIG_BYTES:,} bytes.")
    return data


def _not_one_document(documents: Sequence[Document], path: str) -> Diagnostic:
    hint = "Write `version`, `project` and `definitions`; `groupsync init` shows how."
    if not documents:
        return _error(
            "GS504", "The config is empty", "Expected one document, a mapping.", hint, SourceRange(path, 1, 1)
        )
    detail = f"Found {counted(len(documents), 'document')}, expected one."
    at = documents[1].locate(())
    return _error("GS504", "The config has more than one document", detail, "Take out all behind the first `---`.", at)


# --- Checking ---------------------------------------------------------------------------------------------------------


def _check(document: Document, folder: Path) -> list[Diagnostic]:
    """Return all that is wrong with the document, references included; keeps in mind which files are secrets."""
    found = check(document, config_schema())
    findings = found if document.sound else [each for each in found if each.code != "GS202"]  # may only seem missing
    findings += [*source_config.check_sources(document), *_own_name(document)]
    for pointer, text in _texts(document.value):
        keep_secret_files(text, folder)
        findings += _misplaced(document, pointer, text)
    return findings


def _own_name(document: Document) -> Iterator[Diagnostic]:
    """Refuse a project that was called before as it is called now."""
    value: Any = document.value
    names = value.get("previously_project") if isinstance(value, dict) else None
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if name == value.get("project"):
            summary = f"`previously_project` names `{name}`, which is the project's name now"
            at = document.locate(("previously_project", index))
            yield _error("GS208", summary, "Expected only earlier names.", "Take it out.", at)


def _misplaced(document: Document, pointer: Pointer, text: str) -> Iterator[Diagnostic]:
    at = document.locate(pointer)
    if _is_option(pointer):
        for problem in malformed_references(text):
            yield _error("GS503", problem.summary, problem.detail, problem.hint, at)
    elif has_reference(text):
        summary = f"{pointer_words(pointer)} can't refer to a secret"
        detail = "Only the options of targets and sources, `redact.key` and `journal.key` can; the rest is public."
        yield _error("GS503", summary, detail, "Write the value itself.", at)


def _identity(document: Document, folder: Path, findings: list[Diagnostic]) -> Identity:
    """Return the rule of identifiers with the aliases, which may lie in a file of their own: reads it."""
    value: Any = document.value
    if not isinstance(value, dict) or not {"identity", "aliases"} & value.keys():
        return _DEFAULT_IDENTITY
    sound = sound_part(document, config_schema())
    options, aliases = sound.get("identity", {}), sound.get("aliases", {})
    identity = replace(_DEFAULT_IDENTITY, **options)
    if not aliases:
        return identity
    from groupsync.alias_config import read_aliases

    found, problems = read_aliases(document, aliases, folder, identity, config_schema()["$defs"]["aliases"])
    findings += problems
    return replace(identity, aliases=MappingProxyType(found))


def _is_option(pointer: Pointer) -> bool:
    section, key = pointer[0] if pointer else "", pointer[2] if len(pointer) > 2 else ""
    if pointer[:2] in {("redact", "key"), ("journal", "key")}:
        return True
    return key != "" and section in _OWN_KEYS and key not in _OWN_KEYS[section]


def _texts(value: object, pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Give every text in a plain value, with the way to it."""
    match value:
        case str():
            yield pointer, value
        case dict():
            for key, each in value.items():
                yield from _texts(each, (*pointer, key))
        case list():
            for index, each in enumerate(value):
                yield from _texts(each, (*pointer, index))
        case _:
            pass


def _error(code: str, summary: str, detail: str, hint: str, at: SourceRange) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, summary, detail, hint, at)


# --- From the document to the config ----------------------------------------------------------------------------------


def _config(document: Document, path: Path, identity: Identity) -> Config:
    value: Any = document.value
    root = path.parent.resolve()
    journal = value.get("journal")
    return Config(
        project=value["project"],
        id=config_id(value["project"], root, path.name, _read),
        root=root,
        path=path.name,
        definitions=tuple(value["definitions"]),
        identity=identity,
        targets=tuple(target_config(document, name, root) for name in value.get("targets", {})),
        exclude=tuple(_reference(document, index, each) for index, each in enumerate(value.get("exclude", ()))),
        definitions_at=tuple(document.locate(("definitions", index)) for index in range(len(value["definitions"]))),
        journal=root / journal_folder(journal),
        kept_runs=kept_runs(journal),
        store=git_ref(document),
        policies=policy_options(document),
        guards=guards_of(document),
        approvals=value.get("approvals", APPROVALS_FOLDER),
        sources=tuple(source_config.source_config(document, name, root) for name in value.get("sources", {})),
        adopt=_adoption(value.get("adopt", {})),
        earlier_projects=tuple(value.get("previously_project", ())),
        redact_key=value.get("redact", {}).get("key", ""),
        ignore=tuple(value.get("ignore", ())),
    )


def _adoption(value: dict[str, list[str]]) -> Adoption:
    return Adoption(tuple(value.get("match", ())), tuple(sorted(set(value.get("approvers", ())))))


def _reference(document: Document, index: int, entry: str | dict[str, str]) -> Reference:
    at = document.locate(("exclude", index))
    if isinstance(entry, str):
        return Reference(entry, at)
    is_pattern = "match" in entry
    return Reference(entry["match" if is_pattern else "group"], at, is_pattern, reason=entry.get("reason", ""))
