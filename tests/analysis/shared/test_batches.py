"""A run that is whole takes its own batches away, and no other's."""

from analysis.shared import batches


def test_batches_of_another_run_stay_and_an_empty_folder_goes(tmp_path):
    one, other = (tmp_path / "simulation" / name for name in ("one", "other"))
    for folder in (one, other):
        folder.mkdir(parents=True)
        (folder / "batch-0.npz").write_bytes(b"")
    batches.remove(one)
    assert not one.exists()
    assert [path.name for path in other.iterdir()] == ["batch-0.npz"]
    batches.remove(one)  # which another process has removed
    batches.remove(other)
    assert not other.parent.exists()


def test_batches_hold_every_data_set_of_every_column_and_panel_once():
    listed = batches.of_data_sets(["p", "q"], ["a"], 7, 3)
    assert listed[:3] == [("p", "a", range(3)), ("p", "a", range(3, 6)), ("p", "a", range(6, 7))]
    assert len(listed) == 2 * 3
