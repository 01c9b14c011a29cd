package io.moeplan.eplb.planner;

import java.util.List;
import java.util.stream.Collectors;

/** The planners there are, by name. */
public final class Planners {
    private static final List<Planner> ALL = List.of(new SearchPlanner(), new DeepSeekPlanner(),
            new TensorRtLlmPlanner(), new ContiguousPlanner());

    private Planners() {}

    /** Every planner, the default first. */
    public static List<Planner> all() {
        return ALL;
    }

    /** The names of {@link #all()}, in its order. */
    public static List<String> names() {
        return ALL.stream().map(Planner::name).toList();
    }

    /**
     * The planner with this name.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static Planner named(String name) {
        return ALL.stream().filter(planner -> planner.name().equals(name)).findAny()
                .orElseThrow(() -> new IllegalArgumentException("unknown planner \"" + name + "\": use "
                        + names().stream().collect(Collectors.joining(" or "))));
    }
}
