package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.ModuloReplica;
import io.moeplan.eplb.traffic.Traffic;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class TrafficRenderingTest {
    private static TrafficReport report(String algorithm, Dispatch dispatch, boolean priced) {
        Plan plan = new Plan(new Plan.Model("m", "qwen3_moe", 6, 4, 1), new Plan.Recording("sha256:1", 3, 50),
                new Topology(2, 2, 2), algorithm, "mean", List.of());
        return new TrafficReport(plan, dispatch, new int[]{3, 5}, 1234, true, traffic(4, priced), traffic(2.5, priced));
    }

    private static Traffic traffic(double gpus, boolean priced) {
        TrafficFigures low = figures(gpus - 0.5, priced);
        TrafficFigures high = figures(gpus + 0.5, priced);
        return new Traffic(figures(gpus, priced), List.of(low, high));
    }

    private static TrafficFigures figures(double gpus, boolean priced) {
        return new TrafficFigures(gpus, gpus - 1, gpus / 2, gpus / 4,
                priced ? OptionalDouble.of(10 * gpus) : OptionalDouble.empty());
    }

    @Test
    void textWithCosts() {
        assertThat(TrafficRendering.text(report("deepseek", new ModuloReplica(), true))).isEqualTo("""
                Traffic: deepseek against contiguous, dispatch modulo
                Topology: 2 nodes, 4 GPUs, 2 slots each: 8 slots for 6 experts (2 redundant)
                Over 1,234 tokens not planned on, which may come from any GPU that holds an expert. A token is sent
                once to a GPU, however many of its experts are there.

                Per token, mean over layers  contiguous  deepseek
                distinct GPUs                     4.000     2.500
                  without its own                 3.000     1.500
                distinct nodes                    2.000     1.250
                  without its own                 1.000     0.625
                share of nodes not its own         50 %      50 %
                cost                              40.00     25.00

                Per layer and token
                layer  GPUs before  after  nodes before  after  cost before  after
                    3        3.500  2.000         1.750  1.000        35.00  20.00
                    5        4.500  3.000         2.250  1.500        45.00  30.00
                """);
    }

    @Test
    void textWithoutCosts() {
        assertThat(TrafficRendering.text(report("deepseek", new EvenSplit(), false))).doesNotContain("cost")
                .contains("random choice of replica by every token");
        assertThat(TrafficRendering.text(report(Hostile.TEXT, new EvenSplit(), true)).lines())
                .allMatch(line -> line.length() <= 100).noneMatch(line -> line.contains("\u001b"));
    }

    @Test
    void jsonHasEveryFigure() throws JsonProcessingException {
        JsonNode node = new JsonMapper().readTree(TrafficRendering.json(
                List.of(report("deepseek", new ModuloReplica(), true), report("deepseek", new EvenSplit(), false))));
        assertThat(node.path("format").asText()).isEqualTo("moeplan-traffic");
        JsonNode first = node.path("results").path(0);
        assertThat(first.path("dispatch").asText()).isEqualTo("modulo");
        assertThat(first.path("unseen").asBoolean()).isTrue();
        assertThat(first.path("tokens").asLong()).isEqualTo(1234);
        assertThat(first.path("before").path("overall").path("gpus").asDouble()).isEqualTo(4);
        JsonNode layer = first.path("after").path("layers").path(1);
        assertThat(layer.path("layer").asInt()).isEqualTo(5);
        assertThat(layer.path("remote_nodes").asDouble()).isEqualTo(0.75);
        assertThat(layer.path("cost").asDouble()).isEqualTo(30);
        assertThat(node.path("results").path(1).path("after").path("overall").path("cost").isNull()).isTrue();
    }

    @Test
    void csvHasARowPerPlanLayoutAndLayer() {
        List<String> lines = TrafficRendering.csv(
                List.of(report("deepseek", new ModuloReplica(), true), report("deepseek", new EvenSplit(), false)))
                .lines().toList();
        assertThat(lines).hasSize(1 + 2 * 2 * 2).allMatch(line -> line.split(",", -1).length == 9);
        assertThat(lines.get(4)).isEqualTo("0,modulo,deepseek,5,3.0,2.0,1.5,0.75,30.0");
        assertThat(lines.get(5)).isEqualTo("1,even,contiguous,3,3.5,2.5,1.75,0.875,");
    }

    @Test
    void figuresOfOtherLayersAreRefused() {
        TrafficReport report = report("deepseek", new EvenSplit(), false);
        assertThatThrownBy(() -> new TrafficReport(report.plan(), report.dispatch(), new int[]{1}, 1, true,
                report.before(), report.after())).hasMessage("traffic of 2 and 2 layers, expected 1");
    }
}
