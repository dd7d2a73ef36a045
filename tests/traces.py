"""What a made-up trace needs beside its draws."""

from analysis.trace import ATTRIBUTES as NAMES

ATTRIBUTES = dict.fromkeys(NAMES, "x") | {
    "column": "3.2",
    "panel": "recollected",
    "model": "flat",
    "engine": "collapsed",
    "seed": 1,
    "gate": "pass",
}
