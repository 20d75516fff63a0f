"""Every diagnostic code, with its meaning. A code never changes its meaning and is never reused.

1xx reading YAML · 2xx definitions · 3xx members · 4xx references · 5xx config · 6xx targets and plans · 7xx plugins
"""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    "GS101": "a file is not well-formed YAML",
    "GS102": "a key is written twice in one mapping",
    "GS103": "a key is not a text",
    "GS104": "a merge key (`<<`), which YAML 1.2 does not have",
    "GS105": "a tag or YAML version that is not read",
    "GS106": "an alias refers to nothing, or to what it stands in",
    "GS107": "a bound on size, depth or aliases is exceeded",
    "GS108": "a file is not UTF-8",
    "GS109": "a character that may not stand in a YAML file",
    "GS110": "a file can't be read: gone, a folder, no permission",
    "GS111": "a path leads out of the project",
    "GS112": "a pattern for definitions matches nothing",
    "GS301": "a member file can't be read: gone, a folder, no permission, changed meanwhile",
    "GS302": "a member file leads out of the project",
    "GS303": "a member file is not UTF-8",
    "GS304": "a member file has a control character",
    "GS305": "a member file is too large",
    "GS306": "a member file is of a kind that is not read, or has no columns",
    "GS307": "an entry of a member file is not an address",
    "GS308": "a member is listed twice",
    "GS309": "the quotes of a table are broken",
    "GS310": "a row of a table does not fit, or names nobody",
    "GS311": "it is not clear which column of a table holds the members",
    "GS312": "the first row of a table is taken for a header",
    "GS401": "a reference names a group that no definition defines",
    "GS402": "a pattern in a reference matches no group",
    "GS403": "a reference names a group that has no members to speak of",
    "GS404": "groups are built from each other in a circle",
    "GS405": "`previously` names a group that is defined, or that another definition claims.",
    "GS406": "groups are built on each other over too many levels",
    "GS407": "`targets` names a target that the config does not have.",
    "GS601": "a group is not created or deleted because its target was not read wholly",
    "GS602": "a group on the target carries another project's mark",
    "GS603": "a group with `state: absent` carries no mark, so it is not ours to delete",
    "GS604": "removals are held back because the target was not read wholly",
    "GS605": "a group is left out of the plan because it could not be read",
    "GS701": "a plugin can't be used",
    "GS702": "a file in the state folder is not a group's and is ignored",
}
