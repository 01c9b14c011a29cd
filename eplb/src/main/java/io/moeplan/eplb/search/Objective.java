package io.moeplan.eplb.search;

import java.util.List;

/** What a plan minimises over the steps it is made on; each is about the fullest GPU, which all others wait for. */
public sealed interface Objective {
    /** Fewer steps than these say nothing about how loads move. */
    int LEAST_STEPS = 8;

    /** The name on the command line and in plan files. */
    String name();

    /**
     * GPU loads that are priced by this objective, under a rule by which tokens come to replicas.
     *
     * @param load its own {@link #load}
     * @throws IllegalArgumentException if this objective cannot be priced under it
     */
    default GpuLoads loads(ReplicaLoad load, int gpus, Split split) {
        return switch (split) {
            case Split.Even _ -> new ScenarioLoads(load, gpus, tail());
            case Split.Fixed fixed -> new RoutedLoads(load, gpus, tail(), fixed.shares());
            case Split.Evenest _ -> new EvenestLoads(load, gpus, tail());
        };
    }

    /**
     * The scenarios, and what a replica adds in each.
     *
     * @param counts tokens of each expert in each step, {@code [steps][experts]}; no step without tokens
     * @param seed   for objectives that draw
     */
    ReplicaLoad load(int[][] counts, int gpus, long seed);

    /** The share of the scenarios, the worst ones, that count. */
    default double tail() {
        return 1;
    }

    /** The fullest GPU under the window mean: exact, and blind to how steps differ from it. */
    record Mean() implements Objective {
        private static final int POWER = 64;

        @Override
        public String name() {
            return "mean";
        }

        @Override
        public ReplicaLoad load(int[][] counts, int gpus, long seed) {
            return new TokenLoads(LoadForecast.mean(counts).tokens(), 0);
        }

        @Override
        public GpuLoads loads(ReplicaLoad load, int gpus, Split split) {
            return split instanceof Split.Even
                    ? new MeanLoads(load, gpus, POWER)
                    : Objective.super.loads(load, gpus, split);
        }
    }

    /**
     * The fullest GPU of each step, averaged over steps as they may come, without their sampling noise ({@link LoadForecast});
     * or as they were, where they differ more than can be forecast. Where steps do not differ beyond noise that is the window
     * mean.
     */
    record Steps() implements Objective {
        @Override
        public String name() {
            return "steps";
        }

        @Override
        public ReplicaLoad load(int[][] counts, int gpus, long seed) {
            return TokenLoads.noisy(forecast(counts, seed).tokens(), gpus);
        }
    }

    /** The window mean with sampling noise on top: what {@link Steps} falls back to when steps help nothing. */
    record NoisyMean() implements Objective {
        @Override
        public String name() {
            return "mean";
        }

        @Override
        public ReplicaLoad load(int[][] counts, int gpus, long seed) {
            return TokenLoads.noisy(LoadForecast.mean(counts).tokens(), gpus);
        }
    }

    /**
     * The conditional value at risk: as {@link Steps}, over the worst steps only.
     *
     * @param alpha share of the steps that do not count, 0 to below 1
     */
    record Tail(double alpha) implements Objective {
        public static final double ALPHA = 0.95;

        /** @throws IllegalArgumentException if alpha is out of range */
        public Tail {
            if (!(alpha >= 0 && alpha < 1)) {
                throw new IllegalArgumentException("a tail beyond " + alpha + " of the steps: use 0 to below 1");
            }
        }

        @Override
        public String name() {
            return "tail";
        }

        @Override
        public ReplicaLoad load(int[][] counts, int gpus, long seed) {
            return TokenLoads.noisy(draws(counts, seed).tokens(), gpus);
        }

        @Override
        public double tail() {
            return 1 - alpha;
        }
    }

    /** The slowest GPU of each step in decode, where reading the weights of activated experts counts beside tokens. */
    record Decode(CostModel model) implements Objective {
        @Override
        public String name() {
            return "decode";
        }

        @Override
        public ReplicaLoad load(int[][] counts, int gpus, long seed) {
            return new ActivationTimes(forecast(counts, seed).tokens(), model);
        }

        /** @throws IllegalArgumentException if tokens are split anew in every step: time is not all in tokens then */
        @Override
        public GpuLoads loads(ReplicaLoad load, int gpus, Split split) {
            if (split instanceof Split.Evenest) {
                throw new IllegalArgumentException("the objective decode cannot be planned for the dispatch rule lp:"
                        + " use --objective steps, tail or mean, or another rule");
            }
            return Objective.super.loads(load, gpus, split);
        }
    }

    /** The objectives with their defaults, the default first. */
    static List<Objective> all() {
        return List.of(new Steps(), new Mean(), new Tail(Tail.ALPHA), new Decode(CostModel.DEFAULT));
    }

    /**
     * The objective with this name.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    static Objective named(String name) {
        return all().stream().filter(objective -> objective.name().equals(name)).findAny()
                .orElseThrow(() -> new IllegalArgumentException("unknown objective \"" + name + "\": use "
                        + String.join(" or ", all().stream().map(Objective::name).toList())));
    }

    private static LoadForecast forecast(int[][] counts, long seed) {
        return counts.length < LEAST_STEPS ? LoadForecast.mean(counts) : LoadForecast.of(counts, seed);
    }

    private static LoadForecast draws(int[][] counts, long seed) {
        return counts.length < LEAST_STEPS ? LoadForecast.mean(counts) : LoadForecast.draws(counts, seed);
    }
}
