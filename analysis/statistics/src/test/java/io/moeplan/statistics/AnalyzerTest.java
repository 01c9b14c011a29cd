package io.moeplan.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AnalyzerTest {
    private static final LoadTrace TRACE = new LoadTrace(new int[]{3, 4}, 3,
            List.of(new LoadTrace.Step(0, Phase.PREFILL, 10, new int[]{8, 1, 1, 0, 0, 0}),
                    new LoadTrace.Step(1, Phase.PREFILL, 10, new int[]{1, 1, 8, 0, 0, 0})));

    @Test
    void layersAreNumberedAsTheModelDoes() {
        Analysis analysis = Analyzer.analyze(TRACE, Map.of());
        assertThat(analysis.layers()).extracting(LayerSkew::layer).containsExactly(3, 4);
        assertThat(analysis.layers().getFirst().routed()).isEqualTo(20);
        assertThat(analysis.summary().mostSkewedLayer()).isEqualTo(3);
        assertThat(analysis.tokens()).isEqualTo(20);
        assertThat(analysis.steps()).isEqualTo(2);
        assertThat(analysis.tags()).isEmpty();
        assertThat(analysis.drift()).isEqualTo(new Drift.TooFewSteps(2));
    }

    @Test
    void tagsAreComparedWithTheWholeAndTheRest() {
        Analysis analysis = Analyzer.analyze(TRACE,
                Map.of("text", new long[][]{{1, 1, 8}, {0, 0, 0}}, "code", new long[][]{{8, 1, 1}, {0, 0, 0}}));
        assertThat(analysis.tags()).extracting(TagDifference::tag).containsExactly("code", "text");
        TagDifference code = analysis.tags().getFirst();
        assertThat(code.routed()).isEqualTo(10);
        assertThat(code.fromWhole()[0]).isCloseTo(0.12271243691458067, within(1e-12));
        assertThat(code.fromRest()[0]).isCloseTo(0.4470674987019192, within(1e-12));
        assertThat(code.fromRest()[1]).isZero();
        assertThat(code.meanFromRest()).as("the empty layer does not count").isEqualTo(code.fromRest()[0]);
        assertThat(code.noise()[0]).isCloseTo(2 * 0.2 / (8 * Math.log(2)), within(1e-12));
        assertThat(TagDifference.distance(0.25)).isEqualTo(0.5);
    }

    @Test
    void theOnlyTagDiffersFromNothing() {
        TagDifference only = Analyzer.analyze(TRACE, Map.of("all", new long[][]{{9, 2, 9}, {0, 0, 0}})).tags()
                .getFirst();
        assertThat(only.meanFromWhole()).isZero();
        assertThat(only.meanFromRest()).isZero();
    }

    @Test
    void loadsOfAnotherShapeAreRefused() {
        Map<String, long[][]> layers = Map.of("code", new long[1][3]);
        assertThatThrownBy(() -> Analyzer.analyze(TRACE, layers)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the loads of tag \"code\" have 1 layers, the recording has 2");
        Map<String, long[][]> experts = Map.of("code", new long[2][4]);
        assertThatThrownBy(() -> Analyzer.analyze(TRACE, experts)).hasMessageContaining("4 experts");
        Map<String, long[][]> negative = Map.of("code", new long[][]{{1, -1, 0}, {0, 0, 0}});
        assertThatThrownBy(() -> Analyzer.analyze(TRACE, negative)).hasMessageContaining("-1");
    }
}
