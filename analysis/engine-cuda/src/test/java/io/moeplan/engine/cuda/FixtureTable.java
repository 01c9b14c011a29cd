package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.weights.Place;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * How far every fixture is from the CPU's float32 on the GPU, layer by layer.
 *
 * <p>Run: {@code java -Dmoeplan.fixtures=FOLDER [-Dquick=true] -cp ... io.moeplan.engine.cuda.FixtureTable [NAME...]}; quick:
 * with weights unpacked on the device only.
 */
final class FixtureTable {
    private FixtureTable() {}

    public static void main(String[] names) throws IOException {
        for (Path model : CudaFixturesTest.fixtures().toList()) {
            if (names.length == 0 || List.of(names).contains(model.getFileName().toString())) {
                row(model);
            }
        }
        if (names.length == 0 || List.of(names).contains("fp8")) {
            fp8();
        }
    }

    /** A checkpoint whose experts are multiplied in fp8. */
    private static void fp8() throws IOException {
        Path folder = Files.createTempDirectory("moeplan-fp8");
        RandomCheckpoint.write(folder.resolve("small"), "deepseek-small", 2);
        List<Request> requests = Trace.workload(384);
        Trace cpu = Trace.of(folder.resolve("small"), requests, Gpu.cpu());
        for (Precision precision : List.of(Precision.BF16, Precision.FP16)) {
            for (boolean fp8 : new boolean[]{false, true}) {
                for (Place place : Place.values()) {
                    print(Path.of("fp8 experts " + fp8), precision, place, cpu, Trace.of(folder.resolve("small"),
                            requests, Gpu.cuda(precision, new Division(place, 2 << 20, 64, fp8))));
                }
            }
        }
    }

    private static void row(Path model) throws IOException {
        List<Request> requests = Trace.workload(384);
        Trace cpu = Trace.of(model, requests, Gpu.cpu());
        for (Precision precision : List.of(Precision.FP32, Precision.BF16, Precision.FP16)) {
            List<Division> divisions = List.of(new Division(Place.UNPACKED, 1 << 30, 4096),
                    new Division(Place.PACKED, 30_000, 64), new Division(Place.STREAMED, 30_000, 64));
            for (Division division : divisions.subList(0, Boolean.getBoolean("quick") ? 1 : 3)) {
                try {
                    print(model, precision, division.place(), cpu,
                            Trace.of(model, requests, Gpu.cuda(precision, division)));
                } catch (RuntimeException e) {
                    System.out.printf("%-16s %s %-8s %s%n", model.getFileName(), precision, division.place(), e);
                    StackTraceElement[] trace = e.getStackTrace();
                    for (int i = 0; i < Math.min(6, trace.length); i++) {
                        System.out.println("      " + trace[i]);
                    }
                }
            }
        }
    }

    private static void print(Path model, Precision precision, Place place, Trace cpu, Trace gpu) {
        StringBuilder line = new StringBuilder();
        for (int layer = 0; layer <= gpu.layers(); layer++) {
            line.append(String.format(Locale.ROOT, " %.0e", gpu.hiddenError(layer, cpu)));
        }
        Trace.Agreement agreement = gpu.agreement(cpu);
        System.out.printf(Locale.ROOT,
                "%-16s %s %-8s hidden%s (%.4f where alike) logits %.0e largest %.1e routing %.4f (%d ties of %d) weight %.0e%n",
                model.getFileName(), precision, place, line, gpu.hiddenErrorWhereAlike(cpu), gpu.logitsError(cpu),
                gpu.largestDifference(cpu),
                agreement.share(), agreement.ties(), agreement.all(), agreement.weight());
    }
}
