"""Hashes of the content of a tree of Datasets, whatever its file."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

CONTENT = "content_sha256"
"""Attribute of the root: the hash of each group, and of the root's other attributes, as JSON.

Blocks of data have checksums; attributes, labels and whoever changes a file on purpose have none.
"""

ROOT_ATTRIBUTES = "attributes"
"""In `CONTENT`, the root's attributes."""


def content(tree: "xr.DataTree") -> dict[str, str]:
    """Hash each group of a trace, and the top group's attributes as `ROOT_ATTRIBUTES`.

    The same of a tree in memory and of the one that is read back: text of any kind is text, and
    the order of variables and attributes does not count.
    """
    of_groups = {name: _of_group(tree[name].to_dataset()) for name in sorted(tree.children)}
    return {ROOT_ATTRIBUTES: attributes_sha256(tree.attrs)} | of_groups


def _of_group(group: "xr.Dataset") -> str:
    digest = hashlib.sha256(_plain(group.attrs))
    for name, variable in sorted(group.variables.items()):
        values = variable.to_numpy()
        text = values.dtype.kind not in "biufc"
        kind = "text" if text else values.dtype.name
        digest.update(f"{name} {variable.dims} {values.shape} {kind}".encode())
        digest.update(_plain(variable.attrs))
        digest.update("\0".join(values.ravel()).encode() if text else np.ascontiguousarray(values))
    return digest.hexdigest()


def attributes_sha256(attrs: Mapping[str, object]) -> str:
    """Hash attributes, but for the hash of the content itself."""
    hashed = {name: value for name, value in attrs.items() if name != CONTENT}
    return hashlib.sha256(_plain(hashed)).hexdigest()


def _plain(attrs: Mapping[str, object]) -> bytes:
    """Return attributes as text: NumPy's numbers, which a file gives back, as Python's."""
    return json.dumps(dict(attrs), sort_keys=True, default=lambda value: value.tolist()).encode()
