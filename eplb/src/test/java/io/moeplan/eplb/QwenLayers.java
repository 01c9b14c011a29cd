package io.moeplan.eplb;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Measured expert counts of six layers of Qwen3-235B-A22B, from public measurements. */
public final class QwenLayers {
    public static final int EXPERTS = 128;

    private QwenLayers() {}

    /** As a trace of one step with six layers. */
    public static LoadTrace trace() {
        try (InputStream in = QwenLayers.class.getResourceAsStream("qwen3_235b_six_layers.txt")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            int[] counts = Arrays.stream(text.trim().split("\\s+")).mapToInt(Integer::parseInt).toArray();
            int[] ids = new int[counts.length / EXPERTS];
            Arrays.setAll(ids, layer -> layer);
            return new LoadTrace(ids, EXPERTS, List.of(new LoadTrace.Step(0, Phase.MIXED, 1, counts)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
