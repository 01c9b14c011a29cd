package io.moeplan.eplb;

/**
 * A rule by which each source rank always uses one and the same replica of an expert. Source rank r is GPU r: attention is
 * data-parallel, and every GPU sends its own tokens.
 */
public sealed interface FixedChoice extends Dispatch permits ModuloReplica, StaticReplica {
    /**
     * The replica that each source rank uses.
     *
     * @return replicas by their number in the layout, {@code [experts][gpus]}
     */
    int[][] choices(Layout layout);

    @Override
    default LayerDispatch on(Layout layout) {
        return new FixedRoutes(layout, choices(layout))::gpuLoad;
    }
}
