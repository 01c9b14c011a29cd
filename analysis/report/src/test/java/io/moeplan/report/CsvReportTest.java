package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CsvReportTest {
    private static final ReportModel SMALL = Synthetic.small();

    @Test
    void anAnalysisHasOneRowPerLayer() {
        List<String> lines = CsvReport.analysis(SMALL.analysis()).lines().toList();
        assertThat(lines).hasSize(7);
        assertThat(lines.getFirst()).startsWith("layer,routed,cv,max_over_mean,gini,");
        assertThat(lines).allMatch(line -> line.split(",", -1).length == 14);
        String[] cells = lines.get(3).split(",", -1);
        assertThat(cells[0]).isEqualTo("3");
        assertThat(Double.parseDouble(cells[2])).isEqualTo(SMALL.analysis().layers().get(2).cv());
    }

    @Test
    void cellsWithoutDriftAreEmpty() {
        assertThat(CsvReport.analysis(Hostile.model().analysis()).lines()).last().asString().endsWith(",,");
    }

    @Test
    void aPlanHasOneRowPerLayer() {
        List<String> lines = CsvReport.plan(SMALL.plan().orElseThrow().plan()).lines().toList();
        assertThat(lines).hasSize(7).first().isEqualTo("layer,balancedness,max_over_mean,lower_bound,gap");
    }

    @Test
    void aSimulationHasOneRowPerPlanLayoutAndLayer() {
        PlanReport plan = SMALL.plan().orElseThrow();
        List<String> lines = CsvReport.simulation(List.of(plan, plan)).lines().toList();
        assertThat(lines).hasSize(1 + 2 * 2 * 6).allMatch(line -> line.split(",", -1).length == 14);
        String[] cells = lines.get(1 + 6 + 2).split(",", -1);
        assertThat(cells).startsWith("0", "even", "deepseek", "3");
        assertThat(Double.parseDouble(cells[4])).isEqualTo(plan.simulation().after().layers().get(2).weighted());
        assertThat(Double.parseDouble(cells[13])).isEqualTo(plan.plan().layers().get(2).gap());
    }

    @Test
    void foreignTextIsQuoted() {
        assertThat(CsvReport.simulation(List.of(Hostile.model().plan().orElseThrow())))
                .contains(",\"" + Hostile.TEXT.replace("\"", "\"\"") + "\",");
    }
}
