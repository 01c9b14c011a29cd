package io.moeplan.engine.backend;

import java.lang.foreign.MemorySegment;

/**
 * What somebody wants to know of the decisions of a wave's routers. A backend tells it within {@link Wave#route}, so once for
 * each layer that routes, in ascending order, unless a decision is not sound; and it need not bring more to the host.
 */
public sealed interface Wanted {
    /** Nobody records. */
    Wanted NOTHING = new Nothing();

    /** Only whether decisions are sound, which {@link Wave#route} returns. */
    record Nothing() implements Wanted {}

    /** The experts of every token. */
    non-sealed interface Choices extends Wanted {
        /** Whether their weights are wanted too. */
        boolean weighted();

        /**
         * Takes in a layer.
         *
         * @param routing of all tokens of the wave; not to be kept. It may have weights although nobody wants them
         */
        void choices(Routing routing);
    }

    /**
     * How often some passes, which are consecutive tokens of the wave, chose each expert. A backend tells the counts, or the
     * choices where it has those at hand.
     */
    interface Counts extends Choices {
        @Override
        default boolean weighted() {
            return false;
        }

        /** The first token of each pass, in ascending order, and the end of the last: {@code [passes + 1]}; the same in all layers. */
        int[] starts();

        /**
         * Takes in a layer.
         *
         * @param counts int32 {@code [passes][experts]} row-major; not to be kept
         */
        void counts(MemorySegment counts);
    }
}
