package io.moeplan.engine;

/**
 * How far a run is.
 *
 * @param wave            the wave that runs, from 1
 * @param layer           the layer that runs, from 1
 * @param layerTokens     tokens of the wave that are through this layer, by arithmetic done
 * @param waveTokens      tokens of the wave
 * @param totalTokens     tokens of the workload
 * @param fraction        part of the whole run's arithmetic that is done, 0 to 1
 * @param seconds         time since the run began
 * @param tokensPerSecond tokens of the workload per second so far, parts of layers counted by arithmetic done
 * @param secondsLeft     time the rest takes at the speed so far; positive infinity before anything is done
 */
public record Progress(int wave, int waves, int layer, int layers, long layerTokens, long waveTokens, long totalTokens,
        double fraction, double seconds, double tokensPerSecond, double secondsLeft) {
    /** Receives progress about ten times a second, and once at the end; calls do not overlap. */
    @FunctionalInterface
    public interface Listener {
        void update(Progress progress);
    }
}
