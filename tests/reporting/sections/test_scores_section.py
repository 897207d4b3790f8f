from kmm.reporting.sections.scores_section import LABELS, scores_section


def test_every_score_with_its_interval(referring, semantic, parse):
    for context, name in ((referring, "overall_iou"), (semantic, "mean_iou")):
        section = scores_section(context)
        text = parse("".join(section.blocks)).text
        assert section.data is context.metrics
        low, high = context.metrics["intervals"][name]
        assert LABELS[name] in text and f"{context.metrics[name]:.3f}" in text and f"[{low:.3f}, {high:.3f}]" in text


def test_other_words_only_where_words_are_read(referring, change, parse):
    wrong = {**referring.metrics, "shuffled_prompts": {**referring.metrics["shuffled_prompts"], "overall_iou": 0.123}}
    for reads_words in (True, False):
        context = change(referring, metrics=wrong, reads_words=reads_words)
        text = parse("".join(scores_section(context).blocks)).text
        assert ("other words" in text and "0.123" in text and "Diamonds" in text) == reads_words


def test_scores_without_a_value_are_left_out(referring, change, parse):
    context = change(referring, metrics={**referring.metrics, "no_target_accuracy": None}, reads_words=False)
    assert "N-acc" not in parse("".join(scores_section(context).blocks)).text
