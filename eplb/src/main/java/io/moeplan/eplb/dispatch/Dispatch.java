package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.Split;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The rule by which an engine chooses, for a token routed to an expert, which of the expert's replicas computes it.
 *
 * <p>A rule sees one step and layer at a time with all its counts, so one that looks at the whole batch (a linear program)
 * fits as well as one that splits each expert by itself. {@link Engine#dispatch()} is the rule that an engine follows
 * unless told otherwise.
 */
public sealed interface Dispatch permits EvenSplit, FixedChoice, LeastMaximum, RandomReplica {
    /** The name on the command line and in reports. */
    String name();

    /** The rule made ready for a layout, for many steps. */
    LayerDispatch on(Layout layout);

    /**
     * What a planner can know of this rule before a step comes: the mean of its random choices.
     *
     * @param senders the source ranks that send tokens, ascending
     */
    Split split(Topology topology, int[] senders);

    /**
     * The tokens that each GPU computes in one step and layer, if every source rank that holds an expert sends an equal
     * share.
     *
     * @param counts tokens routed to each expert, {@code [experts]} from index {@code from} on
     * @param load   receives the tokens of each GPU, {@code [gpus]}; what was in it is overwritten
     */
    default void gpuLoad(Layout layout, int[] counts, int from, double[] load) {
        on(layout).gpuLoad(LayerStep.of(counts, from), load);
    }

    /** The rules there are. */
    static List<Dispatch> all() {
        return List.of(new EvenSplit(), RandomReplica.random(), new StaticReplica(), RandomReplica.dynamic(),
                new ModuloReplica(), new LeastMaximum());
    }

    /**
     * The rule with this name.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    static Dispatch named(String name) {
        return all().stream().filter(rule -> rule.name().equals(name)).findAny()
                .orElseThrow(() -> new IllegalArgumentException("unknown dispatch rule \"" + name + "\": use "
                        + all().stream().map(Dispatch::name).collect(Collectors.joining(" or "))));
    }
}
