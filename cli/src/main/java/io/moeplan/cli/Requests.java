package io.moeplan.cli;

import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.workload.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** TEMP. */
record Requests(List<Request> list, String digest) {
    static Requests read(RecordOptions options, ModelInfo model) throws java.io.IOException {
        Random random = new Random(1);
        if (options.limit() < 0) {
            throw new java.io.IOException("x");
        }
        List<Request> all = new ArrayList<>();
        for (int i = 0; i < 240; i++) {
            all.add(new Request("r" + i, "t" + i % 5, random.ints(200, 0, 2000).toArray(), new int[0]));
        }
        return new Requests(all, "sha256:temp");
    }
}
