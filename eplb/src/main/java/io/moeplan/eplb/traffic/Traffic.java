package io.moeplan.eplb.traffic;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.FixedChoice;
import io.moeplan.eplb.planner.ContiguousPlanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How far tokens travel under a layout.
 *
 * <p>Exact for a {@link FixedChoice} of replicas. For every other rule the expectation if each token takes each replica of
 * an expert with equal probability, independently: exact for rules that draw at random; for rules that share out whole
 * batches ({@code even}, {@code lp}), whose choice for a single token nobody knows, the nearest that can be said.
 *
 * @param overall means over all layers
 * @param layers  in the order of the trace
 */
public record Traffic(TrafficFigures overall, List<TrafficFigures> layers) {
    /**
     * Measures the traffic of a plan, with tokens equally likely to come from any rank that holds an expert.
     *
     * @throws IllegalArgumentException if the plan is not for the layers and experts of the trace
     */
    public static Traffic of(TokenTrace trace, Plan plan, Dispatch dispatch) {
        return of(trace, layouts(trace, plan), dispatch, TokenSources.even(), Optional.empty());
    }

    /** The engine's default layout of the slots that a plan's layouts fill ({@link ContiguousPlanner}). */
    public static List<Layout> contiguous(List<Layout> layouts) {
        return layouts.stream().map(layout -> new Layout(layout.topology(), layout.experts(),
                ContiguousPlanner.inPlaceOf(layout.map(), layout.experts()))).toList();
    }

    /**
     * The layouts that a plan gives the layers of a trace, in the trace's order.
     *
     * @throws IllegalArgumentException if plan and trace are not of the same layers
     */
    public static List<Layout> layouts(TokenTrace trace, Plan plan) {
        Map<Integer, LayerPlan> byLayer = new HashMap<>();
        plan.layers().forEach(layer -> byLayer.put(layer.layer(), layer));
        List<Layout> layouts = new ArrayList<>();
        for (int id : trace.layerIds()) {
            LayerPlan layer = byLayer.remove(id);
            if (layer == null) {
                throw new IllegalArgumentException("the recording has MoE layer " + id + ", the plan does not");
            }
            layouts.add(new Layout(plan.topology(layer), plan.model().experts(), layer.physicalToLogical()));
        }
        byLayer.keySet().stream().sorted().findFirst().ifPresent(id -> {
            throw new IllegalArgumentException("the plan has MoE layer " + id + ", the recording does not");
        });
        return layouts;
    }

    /**
     * Measures the traffic of layouts.
     *
     * @param layouts of one topology, {@code [layers]}
     * @param costs   between the topology's GPUs
     * @throws IllegalArgumentException if the layouts are not for the layers and experts of the trace, or the costs not for
     *                                  the layouts' GPUs
     */
    public static Traffic of(TokenTrace trace, List<Layout> layouts, Dispatch dispatch, TokenSources sources,
            Optional<RankCosts> costs) {
        if (layouts.size() != trace.layers()) {
            throw new IllegalArgumentException("the recording has " + trace.layers() + " MoE layers, the plan "
                    + layouts.size());
        }
        for (Layout layout : layouts) {
            check(trace, layout, costs);
        }
        // Layers are independent of each other, so the figures do not depend on how many run at once.
        List<TrafficFigures> layers = IntStream.range(0, trace.layers()).parallel()
                .mapToObj(layer -> layer(trace, layer, layouts.get(layer), dispatch, sources, costs)).toList();
        return new Traffic(mean(layers, costs.isPresent()), layers);
    }

    private static void check(TokenTrace trace, Layout layout, Optional<RankCosts> costs) {
        if (layout.experts() != trace.experts()) {
            throw new IllegalArgumentException("the plan is for " + layout.experts()
                    + " experts per layer, the recording has " + trace.experts());
        }
        int gpus = layout.topology().gpus();
        if (costs.isPresent() && costs.get().ranks() != gpus) {
            throw new IllegalArgumentException(
                    "the costs are for " + costs.get().ranks() + " ranks, the plan for " + gpus
                            + " GPUs");
        }
    }

    private static TrafficFigures layer(TokenTrace trace, int layer, Layout layout, Dispatch dispatch,
            TokenSources sources, Optional<RankCosts> costs) {
        TrafficSum sum = new TrafficSum(layout, costs);
        TokenRoutes routes = dispatch instanceof FixedChoice fixed
                ? new FixedTokenRoutes(layout, fixed, sum)
                : new RandomTokenRoutes(layout, sum);
        int topK = trace.topK();
        int stride = trace.layers() * topK;
        for (int r = 0; r < trace.requests().size(); r++) {
            TokenTrace.Request request = trace.requests().get(r);
            int source = source(sources.rank(r), layout.topology());
            for (int token = 0; token < request.tokens(); token++) {
                routes.add(request.experts(), token * stride + layer * topK, topK, source);
            }
        }
        return sum.figures(trace.tokens());
    }

    private static int source(int rank, Topology topology) {
        if (rank >= topology.gpus()) {
            throw new IllegalArgumentException("tokens come from rank " + rank + ", the plan has " + topology.gpus()
                    + " GPUs");
        }
        return rank;
    }

    private static TrafficFigures mean(List<TrafficFigures> layers, boolean withCost) {
        OptionalDouble cost = withCost
                ? OptionalDouble.of(mean(layers, figures -> figures.cost().orElse(0)))
                : OptionalDouble.empty();
        return new TrafficFigures(mean(layers, TrafficFigures::gpus), mean(layers, TrafficFigures::remoteGpus),
                mean(layers, TrafficFigures::nodes), mean(layers, TrafficFigures::remoteNodes), cost);
    }

    private static double mean(List<TrafficFigures> layers, ToDoubleFunction<TrafficFigures> figure) {
        return layers.stream().mapToDouble(figure).average().orElse(0);
    }
}
