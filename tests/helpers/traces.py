"""What a made-up trace needs beside its draws."""

from analysis.posterior.trace import ATTRIBUTES as NAMES

ATTRIBUTES = dict.fromkeys(NAMES, "x") | {
    "column": "3.2",
    "panel": "official",
    "model": "flat",
    "engine": "collapsed",
    "seed": 1,
    "settings": '{"draws": 1000, "tune": 1000, "target_accept": null}',
    "gate": "pass",
}
