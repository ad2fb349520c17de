from analysis.face.framing import framing_cascade


def test_the_cascade_is_whole_and_looks_within_its_window() -> None:
    cascade = framing_cascade()
    window, features, stages = cascade.window, cascade.features, cascade.stages
    assert (window, len(features), len(stages)) == (24, 136, 20)
    assert all(x + 3 * w <= window and y + 3 * h <= window for x, y, w, h in features)
    for stage in stages:
        for tree in stage.trees:
            assert 0 <= tree.feature < len(features)
            assert len(tree.patterns) == 8
