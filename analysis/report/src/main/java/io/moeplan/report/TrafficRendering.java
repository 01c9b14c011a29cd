package io.moeplan.report;

import static io.moeplan.report.Numbers.figure;
import static io.moeplan.report.Numbers.integer;
import static io.moeplan.report.Numbers.percent;
import static io.moeplan.report.Terminal.clean;
import static io.moeplan.report.Terminal.fit;
import static io.moeplan.report.Terminal.wrap;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.traffic.Traffic;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Traffic as text, JSON and CSV. */
public final class TrafficRendering {
    private TrafficRendering() {}

    /** For the terminal: means over layers, then every layer. */
    public static String text(TrafficReport report) {
        String seen = report.unseen() ? " not planned on" : ", those planned on included";
        String rule = report.byShares()
                ? "The rule shares out whole batches; figures are for a random choice of replica by every token."
                : "";
        return wrap("Traffic: " + clean(report.plan().algorithm()) + " against " + ContiguousPlanner.NAME
                + ", dispatch " + clean(report.dispatch().name()), 0)
                + wrap("Topology: " + Words.topology(report.plan()), 0)
                + wrap("Over " + integer(report.tokens()) + " tokens" + seen
                        + ", which may come from any GPU that holds"
                        + " an expert. A token is sent once to a GPU, however many of its experts are there. " + rule,
                        0)
                + '\n' + overall(report) + "\nPer layer and token\n" + layers(report);
    }

    private static String overall(TrafficReport report) {
        TextTable table = new TextTable("lrr", "Per token, mean over layers", ContiguousPlanner.NAME,
                fit(clean(report.plan().algorithm()), 16));
        row(table, report, "distinct GPUs", traffic -> figure(traffic.gpus()));
        row(table, report, "  without its own", traffic -> figure(traffic.remoteGpus()));
        row(table, report, "distinct nodes", traffic -> figure(traffic.nodes()));
        row(table, report, "  without its own", traffic -> figure(traffic.remoteNodes()));
        row(table, report, "share of nodes not its own", traffic -> percent(traffic.crossNodeShare()));
        if (report.priced()) {
            row(table, report, "cost", traffic -> figure(traffic.cost().orElseThrow()));
        }
        return table.render();
    }

    private static void row(TextTable table, TrafficReport report, String name,
            Function<TrafficFigures, String> value) {
        table.row(name, value.apply(report.before().overall()), value.apply(report.after().overall()));
    }

    private static String layers(TrafficReport report) {
        List<String> titles = new ArrayList<>(List.of("layer", "GPUs before", "after", "nodes before", "after"));
        if (report.priced()) {
            titles.addAll(List.of("cost before", "after"));
        }
        TextTable table = new TextTable("r".repeat(titles.size()), titles.toArray(String[]::new));
        for (int layer = 0; layer < report.layerIds().length; layer++) {
            TrafficFigures before = report.before().layers().get(layer);
            TrafficFigures after = report.after().layers().get(layer);
            List<String> cells = new ArrayList<>(List.of(String.valueOf(report.layerIds()[layer]),
                    figure(before.gpus()), figure(after.gpus()), figure(before.nodes()), figure(after.nodes())));
            if (report.priced()) {
                cells.add(figure(before.cost().orElseThrow()));
                cells.add(figure(after.cost().orElseThrow()));
            }
            table.row(cells.toArray(String[]::new));
        }
        return table.render();
    }

    /** {@code moeplan-traffic}: {@code results}, one for each plan, in the order given; cost is null without a matrix. */
    public static String json(List<TrafficReport> reports) {
        ObjectNode node = JsonReport.document("moeplan-traffic");
        ArrayNode results = node.putArray("results");
        for (TrafficReport report : reports) {
            ObjectNode result = results.addObject().put("algorithm", report.plan().algorithm())
                    .put("dispatch", report.dispatch().name()).put("tokens", report.tokens())
                    .put("unseen", report.unseen());
            result.set("before", layout(ContiguousPlanner.NAME, report.before(), report.layerIds()));
            result.set("after", layout(report.plan().algorithm(), report.after(), report.layerIds()));
        }
        return JsonReport.print(node);
    }

    private static ObjectNode layout(String name, Traffic traffic, int[] layerIds) {
        ObjectNode node = JsonReport.object().put("layout", name);
        put(node.putObject("overall"), traffic.overall());
        ArrayNode layers = node.putArray("layers");
        for (int layer = 0; layer < layerIds.length; layer++) {
            put(layers.addObject().put("layer", layerIds[layer]), traffic.layers().get(layer));
        }
        return node;
    }

    private static void put(ObjectNode node, TrafficFigures figures) {
        node.put("gpus", figures.gpus()).put("remote_gpus", figures.remoteGpus()).put("nodes", figures.nodes())
                .put("remote_nodes", figures.remoteNodes()).put("cross_node_share", figures.crossNodeShare());
        node.put("cost", figures.cost().isPresent() ? figures.cost().getAsDouble() : null);
    }

    /** One row per plan, layout (the one before, then the plan's) and layer, in the order given. */
    public static String csv(List<TrafficReport> reports) {
        StringBuilder csv = new StringBuilder();
        CsvReport.row(csv, List.of("plan", "dispatch", "layout", "layer", "gpus", "remote_gpus", "nodes",
                "remote_nodes", "cost"));
        for (int i = 0; i < reports.size(); i++) {
            TrafficReport report = reports.get(i);
            rows(csv, i, report, ContiguousPlanner.NAME, report.before());
            rows(csv, i, report, report.plan().algorithm(), report.after());
        }
        return csv.toString();
    }

    private static void rows(StringBuilder csv, int plan, TrafficReport report, String layout, Traffic traffic) {
        for (int layer = 0; layer < report.layerIds().length; layer++) {
            TrafficFigures figures = traffic.layers().get(layer);
            Object cost = figures.cost().isPresent() ? figures.cost().getAsDouble() : "";
            CsvReport.row(csv, List.of(plan, report.dispatch().name(), layout, report.layerIds()[layer],
                    figures.gpus(), figures.remoteGpus(), figures.nodes(), figures.remoteNodes(), cost));
        }
    }
}
