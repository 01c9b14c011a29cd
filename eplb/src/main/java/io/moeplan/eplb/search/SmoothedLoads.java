package io.moeplan.eplb.search;

/** Loads over many scenarios whose cost is a {@link SmoothMaximum}. How an expert's tokens split over its replicas is left to
 * subclasses. */
abstract sealed class SmoothedLoads implements GpuLoads permits ScenarioLoads, RoutedLoads, EvenestLoads {
    final ReplicaLoad load;
    final int scenarios;
    final SmoothMaximum max;
    Placement placement;
    /** The slot given to {@link #lift} last. */
    int lifted;
    private final double unit;

    /**
     * @param tail share of the scenarios to average over, the worst ones: 1 for all, 0.05 for the CVaR at 0.95
     */
    SmoothedLoads(ReplicaLoad load, int gpus, double tail) {
        this.load = load;
        scenarios = load.scenarios();
        unit = load.perGpu(gpus);
        max = new SmoothMaximum(gpus, scenarios, tail, unit);
    }

    @Override
    public final int experts() {
        return load.experts();
    }

    @Override
    public double cost() {
        return max.cost();
    }

    @Override
    public double share(int gpu) {
        return max.share(gpu);
    }

    @Override
    public final double[] weights(double risk) {
        return load.weights(unit, risk);
    }
}
