package io.moeplan.engine.gemm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The implementations that this machine has, fastest first, and why it has no others.
 *
 * @param all        for each precision the first of them is the one to use
 * @param besideBf16 what computes, about as precisely as float32, products that are not to be rounded to bfloat16
 * @param missing    a line for each one that is not there: what it is and what it lacks
 */
record Ladder(List<Gemm> all, Gemm besideBf16, List<String> missing) {
    private static final String PLAIN = "needs nothing but Java";

    Ladder {
        all = List.copyOf(all);
        missing = List.copyOf(missing);
    }

    /**
     * Looks at the machine and loads what it can; throws nothing that the machine is to blame for.
     *
     * @param wish {@code onednn}, {@code vector} or {@code plain} for that one where it is there; anything else is no wish
     */
    static Ladder of(String wish) {
        return switch (wish) {
            case "vector" -> java(VectorGemm.problem(), "moeplan.gemm=vector", List.of(off("oneDNN", wish)));
            case "plain" -> java(Optional.of("switched off by moeplan.gemm=plain"), "moeplan.gemm=plain",
                    List.of(off("oneDNN", wish)));
            default -> withOneDnn(OneDnn.load(), VectorGemm.problem(), wish);
        };
    }

    private static String off(String what, String wish) {
        return what + ": switched off by moeplan.gemm=" + wish;
    }

    /**
     * The Vector API, if nothing is in its way, and plain Java.
     *
     * @param reason  why nothing faster is there
     * @param missing what is missing above them
     */
    private static Ladder java(Optional<String> vectorProblem, String reason, List<String> missing) {
        List<Gemm> all = new ArrayList<>();
        List<String> lines = new ArrayList<>(missing);
        addVector(vectorProblem, reason, all, lines);
        all.add(new PlainGemm(all.isEmpty() ? reason : PLAIN));
        return new Ladder(all, all.getFirst(), lines);
    }

    private static void addVector(Optional<String> problem, String reason, List<Gemm> all, List<String> missing) {
        if (problem.isEmpty()) {
            all.add(new VectorGemm(reason));
        } else {
            missing.add("Vector API: " + problem.get());
        }
    }

    /**
     * @param vectorProblem why the Vector API cannot be used, if so
     * @param wish          {@code onednn}, or none that is known
     */
    static Ladder withOneDnn(OneDnn.Loading loading, Optional<String> vectorProblem, String wish) {
        List<String> missing = new ArrayList<>();
        if (!wish.isEmpty() && !wish.equals("onednn")) {
            missing.add("moeplan.gemm=" + wish + ": there is only onednn, vector and plain");
        }
        if (loading.oneDnn() == null) {
            String problem = "oneDNN: " + loading.problem();
            missing.add(problem);
            return java(vectorProblem, problem, missing);
        }
        OneDnn oneDnn = loading.oneDnn();
        Products products = new Products(oneDnn);
        List<Gemm> all = new ArrayList<>();
        Optional<String> slow = slowBf16(oneDnn);
        boolean wished = wish.equals("onednn");
        OneDnnGemm rounded = new OneDnnGemm(oneDnn, products, Precision.BF16,
                slow.orElse("the processor has " + oneDnn.instructions()));
        if (slow.isEmpty()) {
            all.add(rounded);
        } else {
            missing.add("oneDNN bf16: " + slow.get());
        }
        String exact = slow.map(why -> "bf16 is not faster here: " + why)
                .orElse("the fastest that computes in float32");
        OneDnnGemm float32 = new OneDnnGemm(oneDnn, products, Precision.FP32, exact);
        if (slow.isPresent() && oneDnn.hasBf16()) {
            // last of them, so that it is there to be tried, or first because it was asked for
            all.add(new OneDnnGemm(oneDnn, products, Precision.BF16, wished ? "moeplan.gemm=onednn" : slow.get()));
            all.add(wished ? 1 : 0, float32);
        } else {
            all.add(float32);
        }
        addVector(vectorProblem, "Java was started with its module", all, missing);
        all.add(new PlainGemm(PLAIN));
        return new Ladder(all, oneDnn.hasAmx() ? new SplitGemm(rounded, float32) : float32, missing);
    }

    /**
     * Why bfloat16 is no faster than float32 here; empty if it is. Without AMX, Intel's processors take four times as long
     * for a bfloat16 instruction as for a float32 one, for twice the work (measured: 80 against 160 GFLOP/s on a core).
     */
    private static Optional<String> slowBf16(OneDnn oneDnn) {
        if (!oneDnn.hasBf16()) {
            return Optional.of("the processor has no AMX or AVX-512 bf16");
        }
        return oneDnn.hasAmx() || !vendorIsIntel()
                ? Optional.empty()
                : Optional.of("the processor has AVX-512 bf16, which is slower than float32 on Intel's, and no AMX");
    }

    private static boolean vendorIsIntel() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.anyMatch(line -> line.startsWith("vendor_id") && line.contains("Intel"));
        } catch (IOException e) {
            return false;
        }
    }

    /** The one to use for products that are computed at least as precisely. */
    Gemm best(Precision precision) {
        return all.stream().filter(gemm -> precision == Precision.BF16 || gemm.precision() == Precision.FP32)
                .findFirst().orElseThrow();
    }
}
